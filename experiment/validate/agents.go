package validate

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// agents gives a cluster the agents of a case: sessions drawn from the preset
// of its workload, within the model's context.
func (p *presets) agents(c *Case, config *serve.Config, o *Options) error {
	w, err := load(p.workloads, "workloads", c.Load.Workload)
	if err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	profile := w.Synthetic
	if limit := config.LLM.MaxContext; profile.ContextLimit == 0 || profile.ContextLimit > limit {
		profile.ContextLimit = limit
	}
	config.Arrivals = trace.ArrivalsClosed
	if c.Load.Lanes {
		config.Arrivals = trace.ArrivalsLanes
		protocol, err := load(p.protocols, "protocols", "agentx")
		if err != nil {
			return fmt.Errorf("protocol: %w", err)
		}
		config.Lanes = protocol.Lanes
	}
	if n := c.replayed(); n > 0 {
		config.Sessions = &replayed{drawn: drawn{profile: &profile, seed: o.Seed}, agents: c.Concurrency, sessions: n}
		return nil
	}
	if profile.SubAgents == nil || !c.Load.Lanes {
		config.Sessions = &drawn{profile: &profile, seed: o.Seed}
		return nil
	}
	// Sub-agents come with their sessions, out of a pool of trees.
	const trees = 400 // as many as the corpus of AgentX has
	pool, err := trace.NewPool(trace.NewGenerator(&profile, o.Seed, trees), trace.PoolOptions{Trees: true})
	if err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	config.Pool = pool
	config.Sessions = &dealt{pool: pool, seed: o.Seed}
	return nil
}

// drawn generates sessions from a profile.
type drawn struct {
	profile *trace.Profile
	seed    uint64
}

// Session draws the k-th session of an agent.
func (d *drawn) Session(agent, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, d.seed, "session", uint64(agent), uint64(k))
	d.profile.Draw(rand.New(&source), out)
	return nil
}

// replayed is a set of sessions that is played more than once, in the same
// order: what a second pass sends was all seen before. A session keeps its
// identity.
type replayed struct {
	drawn
	agents   int
	sessions int
}

// Session deals out the sessions of the set in turn.
func (r *replayed) Session(agent, k int, out *trace.Session) error {
	which := (k*r.agents + agent) % r.sessions
	if err := r.drawn.Session(0, which, out); err != nil {
		return err
	}
	out.ID, out.Replays = fmt.Sprintf("replayed-%d", which), int32(which)+1
	return nil
}

// replaySessions is the size of KernelBook's set of sessions.
const replaySessions = 150

var countOfSessions = regexp.MustCompile(`\b([0-9]+) sessions, [0-9,]+ turns`)

// replayed is the number of sessions that a warm replay plays a second time; 0 =
// it is none.
func (c *Case) replayed() int {
	if !strings.Contains(c.Load.About+" "+c.Notes, "warm replay") {
		return 0
	}
	if found := countOfSessions.FindStringSubmatch(c.Load.About); found != nil {
		n, _ := strconv.Atoi(found[1])
		return n
	}
	return replaySessions
}

// dealt deals out the main sessions of a pool.
type dealt struct {
	pool *trace.Pool
	seed uint64
}

// Session picks the k-th session of a lane.
func (d *dealt) Session(lane, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, d.seed, "lane", uint64(lane), uint64(k))
	roots := d.pool.Roots()
	d.pool.Session(int(roots[rand.New(&source).IntN(len(roots))]), out)
	return nil
}

// Of a finite run, sessions of each agent and the share of them that is
// dropped in front.
const (
	sessionsEach = 10
	warmUpShare  = 0.2
)

// play runs a cluster of agents through its warm-up and its window.
func (c *Case) play(cluster *serve.Cluster) error {
	if c.Load.Window > 0 {
		if err := cluster.Run(c.Load.Warmup); err != nil {
			return err
		}
		cluster.OpenWindow()
		return cluster.Run(c.Load.Window)
	}
	if n := int64(c.replayed()); n > 0 { // one pass that warms, one that counts
		if err := untilSessions(cluster, n); err != nil {
			return err
		}
		cluster.OpenWindow()
		return untilSessions(cluster, 2*n)
	}
	all := int64(sessionsEach * c.Concurrency)
	if err := untilSessions(cluster, int64(warmUpShare*float64(all))); err != nil {
		return err
	}
	cluster.OpenWindow()
	return untilSessions(cluster, all)
}

// untilSessions runs a cluster until so many sessions have ended.
func untilSessions(cluster *serve.Cluster, sessions int64) error {
	const (
		slice   = 20.0    // seconds: short against a session
		longest = 200_000 // seconds: a run of two days and more is no run of the table
	)
	for cluster.Totals().Sessions < sessions {
		if cluster.Now() > longest {
			return fmt.Errorf("after %.0f s only %d of %d sessions have ended",
				cluster.Now(), cluster.Totals().Sessions, sessions)
		}
		if err := cluster.Run(slice); err != nil {
			return err
		}
	}
	return nil
}

// latencies reads the times of calls from the window of a run.
func latencies(p *prediction, t *serve.Tally) {
	slices.Sort(t.TTFT)
	p[TTFT] = metrics.Quantile(t.TTFT, median)
	p[TTFTSlow] = metrics.Quantile(t.TTFT, slow)
	p[TTFTLate] = metrics.Quantile(t.TTFT, late)
	p[TTFTTail] = metrics.Quantile(t.TTFT, tail)
	p[TTFTMean] = mean(t.TTFT)
	spans := make([]float64, 0, len(t.Speed)) // between tokens
	for _, speed := range t.Speed {
		if speed > 0 {
			spans = append(spans, milli/speed)
		}
	}
	slices.Sort(spans)
	p[TPOT], p[TPOTMean] = metrics.Quantile(spans, median), mean(spans)
	p[TPOTSlow] = metrics.Quantile(spans, slow)
	p[TPOTLate] = metrics.Quantile(spans, late)
	p[TPOTTail] = metrics.Quantile(spans, tail)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}
