package validate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"agentsim/experiment/sessions"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

// agents gives a cluster the agents of a case: sessions of the preset of its
// workload, within the model's context.
func (p *presets) agents(c *Case, config *serve.Config, o *Options) error {
	w, err := load(p.workloads, "workloads", c.Load.Workload)
	if err != nil {
		return fmt.Errorf("workload: %w", err)
	}
	work := *w
	work.Arrivals = trace.ArrivalsClosed
	if c.Load.Lanes {
		work.Arrivals = trace.ArrivalsLanes
		protocol, err := load(p.protocols, "protocols", "agentx")
		if err != nil {
			return fmt.Errorf("protocol: %w", err)
		}
		config.Lanes = protocol.Lanes
	}
	source, err := sessions.Of(work, sessions.Limits{Context: c.longest(config.LLM.MaxContext)}, o.Seed)
	if err != nil {
		return err
	}
	config.Arrivals, config.Pool, config.Sessions = work.Arrivals, source.Pool, source.Sessions
	if n := c.Load.Sessions; n > 0 && !c.Load.Lanes {
		config.Sessions = sessions.Set(source, n)
		passes := c.Load.Passes
		if c.Load.Steady {
			passes++ // so that all agents are busy to the end
		}
		config.SessionsMax = int64(n * passes)
	}
	return nil
}

var contextLimit = regexp.MustCompile(`max(?:_model_len| length) ([0-9,]+)`)

// longest is the longest context of a case in tokens: what the row tells of its
// engine's limit, or the model's.
func (c *Case) longest(model int) int {
	if found := contextLimit.FindStringSubmatch(c.Notes); found != nil {
		if n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", "")); err == nil && n > 1 {
			return min(n, model)
		}
	}
	return model
}

// replaySessions is the size of KernelBook's set of sessions.
const replaySessions = 150

var countOfSessions = regexp.MustCompile(`\b([0-9]+) sessions, [0-9,]+ turns`)

// finite reads off what a table says of a run that ends: how many sessions its
// set has, whether the set is played before what counts, and whether figures are
// those of the stretch in which all agents are busy.
func (l *Load) finite(notes string) {
	if found := countOfSessions.FindStringSubmatch(l.About); found != nil {
		l.Sessions, _ = strconv.Atoi(found[1])
	} else if l.Workload == "kernelbook" {
		l.Sessions = replaySessions
	}
	l.Passes = 1
	said := l.About + " " + notes
	if strings.Contains(said, "warm replay") {
		l.Passes = 2
	}
	l.Steady = strings.Contains(said, "busiest stretch") || strings.Contains(said, "10-60 % of the run")
}

// Of a finite run of a set without an end, sessions of each agent and the share
// of them that is dropped in front.
const (
	sessionsEach = 10
	warmUpShare  = 0.2
)

// replicas is how often lanes are played, with other session trees each: a few
// trees are not the corpus, and one of them moves all figures.
func (c *Case) replicas() int {
	const (
		trees = 64 // that a prediction rests on
		most  = 8
	)
	if !c.Load.Lanes {
		return 1
	}
	return min(most, max(1, trees/max(1, c.Concurrency)))
}

// play runs a cluster of agents through its warm-up and its window.
func (c *Case) play(cluster *serve.Cluster) error {
	l := &c.Load
	if l.Window > 0 {
		if err := cluster.Run(l.Warmup); err != nil {
			return err
		}
		cluster.OpenWindow()
		return cluster.Run(l.Window)
	}
	warm, all := int64(warmUpShare*float64(sessionsEach*c.Concurrency)), int64(sessionsEach*c.Concurrency)
	if l.Sessions > 0 { // passes that warm, and one that counts
		warm, all = int64(l.Sessions*(l.Passes-1)), int64(l.Sessions*l.Passes)
	}
	if err := untilSessions(cluster, warm); err != nil {
		return err
	}
	cluster.OpenWindow()
	if l.Sessions > 0 && !l.Steady {
		return cluster.RunOut()
	}
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
