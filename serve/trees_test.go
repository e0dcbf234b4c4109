package serve

import (
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/sim"
	"agentsim/trace"
	"agentsim/units"
)

// calls is a trace.Reader of calls in memory.
type calls []trace.Call

func (c *calls) Read(out *trace.Call) error {
	if len(*c) == 0 {
		return io.EOF
	}
	*out, *c = (*c)[0], (*c)[1:]
	return nil
}

// poolOf makes a pool with trees of recorded calls.
func poolOf(opts trace.PoolOptions, recorded ...trace.Call) *trace.Pool {
	opts.Trees = true
	r := calls(recorded)
	pool, err := trace.NewPool(&r, opts)
	if err != nil {
		panic(err) // the calls of tests are fine
	}
	return pool
}

// dealt deals the roots of a pool to agents in turn.
type dealt struct{ pool *trace.Pool }

func (d dealt) Session(agent, k int, out *trace.Session) error {
	roots := d.pool.Roots()
	d.pool.Session(int(roots[(agent+k)%len(roots)]), out)
	return nil
}

// inLanes is a toy cluster of six lanes.
func inLanes(pool *trace.Pool, changes ...func(*Config)) Config {
	c := toy(dealt{pool}, changes...)
	c.Arrivals, c.Pool, c.Agents = trace.ArrivalsLanes, pool, 6
	return c
}

// byTime is a toy cluster that sessions come to at their recorded instants.
func byTime(arrivals string, pool *trace.Pool, changes ...func(*Config)) Config {
	c := toy(nil, changes...)
	c.Arrivals, c.Pool, c.Agents = arrivals, pool, 0
	return c
}

// forestOf makes sessions up that begin within 15 s, each with sub-agents of
// which about half are waited for; some have sub-agents of their own.
func forestOf(sessions int) *trace.Pool {
	r := rand.New(rand.NewPCG(3, 5))
	var recorded []trace.Call
	for i := range sessions {
		g := grower{r: r, session: strconv.Itoa(i), out: &recorded}
		g.agent("", "", 15*r.Float64(), 0)
	}
	return poolOf(trace.PoolOptions{}, recorded...)
}

// grower writes down the calls of one session.
type grower struct {
	r       *rand.Rand
	session string
	agents  int
	out     *[]trace.Call
}

// agent lets one agent make its calls from an instant on, and returns when it is done.
func (g *grower) agent(name, parent string, at float64, depth int) float64 {
	input := 300 + g.r.IntN(900)
	last := 0
	turns := 1 + g.r.IntN(5)
	for turn := range turns {
		c := trace.Call{Session: g.session, Agent: name, Parent: parent, Turn: turn, Start: at, Gap: trace.Unknown,
			Service: g.r.Float64(), Input: input, Prefix: last, Output: 1 + g.r.IntN(60)}
		*g.out = append(*g.out, c)
		at += c.Service
		if depth < 2 && g.r.IntN(3) == 0 {
			g.agents++
			end := g.agent("a"+strconv.Itoa(g.agents), name, at+g.r.Float64()/4, depth+1)
			if g.r.IntN(2) == 0 {
				at = end
			}
		}
		at += g.r.Float64() / 2
		last, input = input, input+c.Output+g.r.IntN(200)
	}
	return at
}

// treeDesigns are the clusters that the laws of session trees are tried on.
func treeDesigns() map[string]Config {
	return map[string]Config{
		"lanes":       inLanes(forestOf(30), disaggregated(2, 1)),
		"lanes kept":  inLanes(forestOf(30), disaggregated(1, 2), retaining, withDrafts, memory(12000)),
		"open":        byTime(trace.ArrivalsOpen, forestOf(40)),
		"open apart":  byTime(trace.ArrivalsOpen, forestOf(40), disaggregated(1, 1), routed(KVAware)),
		"inheriting":  byTime(trace.ArrivalsOpen, dynasty(300, 0.1), routed(KVAware), disaggregated(2, 1), memory(12000)),
		"partly open": byTime(trace.ArrivalsPartlyOpen, forestOf(40), memory(12000), maxBatch(3)),
	}
}

// dynasty makes stand-alone calls up that begin like earlier ones, some seconds apart.
func dynasty(number int, apart float64) *trace.Pool {
	r := rand.New(rand.NewPCG(9, 9))
	recorded := make([]trace.Call, number)
	for i := range recorded {
		c := trace.Call{Start: apart * float64(i), Gap: trace.Unknown, Service: trace.Unknown, Input: 64 + r.IntN(1500),
			Output: 1 + r.IntN(40)}
		if i > 0 && r.IntN(4) > 0 {
			c.Holder = 1 + r.IntN(i)
			c.Prefix = min(c.Input, recorded[c.Holder-1].Input) / 64 * 64 * r.IntN(5) / 4
		}
		recorded[i] = c
	}
	return poolOf(trace.PoolOptions{}, recorded...)
}

// checkTrees holds the agents of session trees to the order of their tree.
func (w *watched) checkTrees(e sim.Event) {
	f := w.trees()
	if b, ok := f.starts.Payload(e); ok {
		parent := &w.agents.list[b.parent]
		found := false
		for _, s := range parent.session.Spawns {
			found = found || s.Session == b.session && parent.turn > int(s.After)
		}
		w.hold(found, "a sub-agent begins after the answer that starts it", b.parent)
		w.hold(f.members[b.parent].children > 0, "a parent keeps its slot", b.parent)
	}
	if id, ok := w.agents.toolEnds.Payload(e); ok {
		a, m := &w.agents.list[id], &f.members[id]
		w.hold(a.alive, "only the living call", id)
		for _, turn := range m.owed {
			w.hold(int(turn) > a.turn, "a call waits for the sub-agents that it needs", id)
		}
		due := m.begun
		if f.timed {
			due += sim.Ticks(a.session.At[a.turn])
			w.hold(e.At >= due, "no call before its instant", id)
		}
	}
	if w.agents.cfg.Arrivals == trace.ArrivalsLanes {
		roots := 0
		for i := range f.members {
			m := &f.members[i]
			if m.parent < 0 && (f.list[i].alive || m.children > 0) {
				roots++
			}
		}
		w.hold(roots == w.agents.cfg.Agents, "as many trees as lanes", 0)
	}
}

// An open replay makes every call of the trace, once, and then ends.
func TestOpenReplaysMakeEveryCall(t *testing.T) {
	pool := forestOf(60)
	output := int64(0)
	var s trace.Session
	for i := range pool.Len() {
		pool.Session(i, &s)
		for _, turn := range s.Turns {
			output += int64(turn.Output)
		}
	}
	for _, arrivals := range []string{trace.ArrivalsOpen, trace.ArrivalsPartlyOpen} {
		w := watch(t, byTime(arrivals, pool))
		for !w.Drained() {
			w.run(5)
			require.Less(t, w.Now(), 1000.0)
		}
		require.EqualValues(t, pool.Turns(), w.tally.Issued)
		require.EqualValues(t, pool.Turns(), w.tally.Finished)
		require.EqualValues(t, pool.Len(), w.tally.Sessions)
		require.Equal(t, output, w.sum.OutputTokens)
		require.Zero(t, w.Alive())
		require.Len(t, w.trees().free, len(w.agents.list), "all slots are given back")
	}
}

// Twice as fast, calls come at half the instants; with speed to spare, they
// end half as late.
func TestSpeedup(t *testing.T) {
	recorded := func() []trace.Call {
		return []trace.Call{
			{Session: "s", Start: 10, Gap: -1, Service: 1, Input: 100, Output: 1},
			{Session: "s", Turn: 1, Start: 20, Gap: -1, Service: 1, Input: 200, Prefix: 100, Output: 1},
		}
	}
	for _, test := range []struct {
		arrivals string
		speedup  float64
		want     float64 // seconds at which the second call goes out
	}{
		{trace.ArrivalsOpen, 0, 20}, {trace.ArrivalsOpen, 2, 10}, {trace.ArrivalsPartlyOpen, 0, 10 + 9},
		{trace.ArrivalsPartlyOpen, 2, 5 + 9},
	} {
		pool := poolOf(trace.PoolOptions{Speedup: test.speedup}, recorded()...)
		w := watch(t, byTime(test.arrivals, pool, priced(fixed{step: 1e-6})))
		w.run(30)
		require.True(t, w.Drained())
		require.InDelta(t, test.want, w.fleet.calls[0].issued.Seconds(), 0.02, "%+v", test)
	}
}

// Stand-alone calls of equal length that come by a Poisson process wait as in
// M/D/1: rho·D/(2(1-rho)) by Pollaczek and Khinchine, whatever happened before.
func TestOpenArrivalsWaitAsInMD1(t *testing.T) {
	const service, prompt, number = 0.1, 1000, 200_000
	for _, load := range []float64{0.3, 0.6, 0.8} {
		r := rand.New(rand.NewPCG(8, 8))
		recorded := make([]trace.Call, number)
		at := 0.0
		for i := range recorded {
			at += r.ExpFloat64() * service / load
			recorded[i] = trace.Call{Start: at, Gap: trace.Unknown, Service: trace.Unknown, Input: prompt, Output: 1}
		}
		cfg := byTime(trace.ArrivalsOpen, poolOf(trace.PoolOptions{}, recorded...), station(0, fixed{token: service / prompt}),
			func(c *Config) {
				c.Deployment.Aggregated.TokenBudget, c.Deployment.Aggregated.MaxBatchPerRank = prompt, 1000
			})
		c := build(t, cfg)
		require.NoError(t, c.Run(2*at))
		require.True(t, c.Drained())
		require.NoError(t, c.Check())
		w := c.Window()
		require.EqualValues(t, number, w.Calls)
		require.InEpsilon(t, load*service/2/(1-load), w.Queue/number, 0.03, "load %v", load)
		// Little's law, by what the state machine holds and what calls saw.
		rate, inSystem := number/c.Span(), (c.agents.lifetime()).Seconds()/c.Span()
		require.InEpsilon(t, rate*(service+w.Queue/number), inSystem, 1e-6)
	}
}

// With room for all, and time between them, stand-alone calls find of each
// other exactly what the trace says, in whole blocks and but for the last token.
func TestCallsFindWhatOthersHold(t *testing.T) {
	pool := dynasty(200, 5)
	want := int64(0)
	var s trace.Session
	for i := range pool.Len() {
		pool.Session(i, &s)
		want += int64(min(s.Inherited, s.Turns[0].Input-1) / 64 * 64)
	}
	require.Positive(t, want)
	one := func(c *Config) {
		c.Deployment.Aggregated.Shape.Accelerators = 1
		c.System.Accelerator.HBM.Capacity = 200e9
	}
	w := watch(t, byTime(trace.ArrivalsOpen, pool, one))
	w.run(1100)
	require.True(t, w.Drained())
	require.Equal(t, want, w.sum.HitTokens)
	w = watch(t, byTime(trace.ArrivalsOpen, pool, one, memory(3000)))
	w.run(1100)
	require.Less(t, w.sum.HitTokens, want, "little room forgets")
	require.Positive(t, w.sum.HitTokens)
}

// Sessions that are over hold slots only up to a bound.
func TestTheDeadAreForgotten(t *testing.T) {
	c := build(t, byTime(trace.ArrivalsOpen, dynasty(endedMax+2000, 0.05), priced(fixed{step: 1e-6})))
	require.NoError(t, c.Run(1e6))
	require.True(t, c.Drained())
	require.NoError(t, c.Check())
	require.EqualValues(t, endedMax+2000, c.Totals().Finished)
	require.Less(t, len(c.agents.list), endedMax+50)
}

// By hand: a session whose first answer starts a sub-agent that it waits for
// and whose second starts one that it does not.
func family() []trace.Call {
	return []trace.Call{
		{Session: "s", Start: 0, Gap: -1, Service: 2, Input: 1000, Output: 20, Shared: 640},
		{Session: "s", Agent: "waited", Start: 3, Gap: -1, Service: 2, Input: 500, Output: 10},
		{Session: "s", Agent: "waited", Turn: 1, Start: 6, Gap: -1, Service: 2, Input: 700, Prefix: 500, Output: 10},
		{Session: "s", Turn: 1, Start: 9, Gap: 7, Service: 1, Input: 1200, Prefix: 1000, Output: 20},
		{Session: "s", Agent: "beside", Start: 10.5, Gap: -1, Service: 5, Input: 400, Output: 30},
		{Session: "s", Turn: 2, Start: 12, Gap: 2, Service: 1, Input: 1300, Prefix: 1200, Output: 5},
		{Session: "t", Start: 30, Gap: -1, Service: 1, Input: 800, Output: 10, Shared: 640},
	}
}

func TestStoriesOfTrees(t *testing.T) {
	for name, cfg := range map[string]Config{
		"tree-in-a-lane.txt": inLanes(poolOf(trace.PoolOptions{GapMax: 10}, family()...), func(c *Config) { c.Seed = 3 }),
		"tree-open.txt":      byTime(trace.ArrivalsOpen, poolOf(trace.PoolOptions{Speedup: 2}, family()...)),
		"tree-partly.txt":    byTime(trace.ArrivalsPartlyOpen, poolOf(trace.PoolOptions{}, family()...)),
	} {
		seconds := 40.0
		if cfg.Arrivals == trace.ArrivalsLanes {
			cfg.Agents, seconds = 1, 6
		}
		s := &story{}
		cfg.Recorder = s
		cfg.pricer = fixed{step: 1e-3, sequence: 1e-4, token: 1e-5}
		w := watch(t, cfg)
		s.c = w.Cluster
		w.run(seconds)
		w.checkBooks()
		golden(t, name, s.text.String())
	}
}

// A lane's first session begins inside, by the time of its calls.
func TestSnapshot(t *testing.T) {
	s := &trace.Session{Turns: make([]trace.Turn, 4), At: []float64{0, 10, 11, 100}}
	for share, turn := range map[float64]int{0: 0, 0.09: 0, 0.1: 1, 0.109: 1, 0.11: 2, 0.999: 2} {
		require.Equal(t, turn, turnBefore(s, share), share)
	}
	s.At = nil
	require.Equal(t, 3, turnBefore(s, 0.8), "without times, by turns")
	s.Turns[1].Gap, s.Turns[3].Gap = 1, 3
	require.Equal(t, 0, turnBefore(s, 0.2))
	require.Equal(t, 2, turnBefore(s, 0.3), "by gaps")
}

func TestWhatCannotArrive(t *testing.T) {
	noTime := poolOf(trace.PoolOptions{}, trace.Call{Session: "s", Start: trace.Unknown, Input: 1, Output: 1})
	cfg := byTime(trace.ArrivalsOpen, noTime)
	require.NoError(t, cfg.Prepare())
	_, err := New(cfg)
	require.ErrorContains(t, err, `session "s" of the trace has no time`)
	cfg.Agents = 3
	_, err = New(cfg)
	require.ErrorContains(t, err, "agents: 3: want 0")
	cfg.Agents, cfg.Pool = 0, nil
	_, err = New(cfg)
	require.ErrorContains(t, err, "no trace")
}

// sleepers are two sessions that sleep for long at different times, with a
// sub-agent that starts late.
func sleepers() *trace.Pool {
	return poolOf(trace.PoolOptions{},
		trace.Call{Session: "s", Start: 0, Gap: -1, Service: 1, Input: 100, Output: 1},
		trace.Call{Session: "s", Turn: 1, Start: 1000, Gap: 999, Service: 1, Input: 200, Cached: 100, Output: 1},
		trace.Call{Session: "s", Agent: "late", Start: 1500, Gap: -1, Service: 1, Input: 200, Output: 1},
		trace.Call{Session: "s", Turn: 2, Start: 2001, Gap: 1000, Service: 1, Input: 300, Cached: 200, Output: 1},
	)
}

// callsOf runs a cluster in lanes and returns when its calls went out, in
// seconds, with the tokens that they asked for.
func callsOf(t *testing.T, cfg Config, seconds float64) (at []float64, tokens []int) {
	r := &submissions{}
	cfg.Ramp, cfg.Recorder = 0, r
	cfg.pricer = fixed{step: 1e-6}
	c := build(t, cfg)
	r.c = c
	require.NoError(t, c.Run(seconds))
	require.NoError(t, c.Check())
	return r.at, r.tokens
}

// submissions notes every call that goes out.
type submissions struct {
	c      *Cluster
	at     []float64
	tokens []int
}

// Record implements sim.Recorder.
func (s *submissions) Record(e sim.Event) {
	if s.c == nil {
		return
	}
	if id, ok := s.c.agents.toolEnds.Payload(e); ok {
		s.at = append(s.at, e.At.Seconds())
		s.tokens = append(s.tokens, int(s.c.agents.list[id].current().Output))
	}
}

// Only time in which nobody calls is skipped: ten seconds of it are left, and all
// that is to come moves up together.
func TestOnlyIdleTimeOfTheWholeRunIsSkipped(t *testing.T) {
	one := inLanes(sleepers(), func(c *Config) { c.Lanes.From, c.Lanes.To = 0, 1e-6 })
	one.Agents = 1
	at, _ := callsOf(t, one, 60)
	require.GreaterOrEqual(t, len(at), 4)
	for i, want := range []float64{0, 10, 20, 30} {
		require.InDelta(t, want, at[i], 0.1, "call %d", i)
	}

	// Beside a lane that calls every second, sleep is played as recorded.
	busy := []trace.Call{{Session: "b", Start: 0, Gap: -1, Service: 0, Input: 100, Output: 1}}
	for turn := 1; turn < 4000; turn++ {
		busy = append(busy, trace.Call{Session: "b", Turn: turn, Start: float64(turn), Gap: 1, Input: 100, Cached: 100, Output: 1})
	}
	both := poolOf(trace.PoolOptions{}, append(busy,
		trace.Call{Session: "s", Start: 0, Gap: -1, Service: 0, Input: 101, Output: 7},
		trace.Call{Session: "s", Turn: 1, Start: 1000, Gap: 1000, Input: 200, Cached: 100, Output: 7})...)
	for idle, want := range map[float64]float64{0: 1000, 300: 300} {
		two := inLanes(both, func(c *Config) {
			c.Lanes.From, c.Lanes.To, c.Lanes.TreeIdleMax = 0, 1e-6, units.Seconds(idle)
		})
		two.Agents = 2
		at, tokens := callsOf(t, two, 1100)
		var slept []float64
		for i := range at {
			if tokens[i] == 7 {
				slept = append(slept, at[i])
			}
		}
		require.InDelta(t, want, slept[1]-slept[0], 0.1, "a tree may sleep for %v s (0 = any time)", idle)
	}
}

// After the first call of a lane some calls follow at once, of one token each.
func TestWarmupCalls(t *testing.T) {
	var chain []trace.Call
	for turn := range 30 {
		chain = append(chain, trace.Call{Session: "s", Turn: turn, Start: 5 * float64(turn), Gap: 5, Input: 100 + turn,
			Cached: min(turn, 1) * (99 + turn), Output: 20})
	}
	cfg := inLanes(poolOf(trace.PoolOptions{}, chain...), func(c *Config) {
		c.Lanes = LanesSpec{From: 0, To: 1e-6, WarmupCalls: 10}
	})
	cfg.Agents = 1
	at, tokens := callsOf(t, cfg, 30)
	require.Equal(t, 20, tokens[0])
	for i := 1; i <= 10; i++ {
		require.Equal(t, 1, tokens[i])
		require.Less(t, at[i]-at[i-1], 0.2)
	}
	require.Equal(t, 20, tokens[11])
	require.InDelta(t, 5, at[11]-at[10], 0.1)
}

// Lanes begin between the two shares of their recordings, and bring the
// sub-agents along that were at work then.
func TestLanesBeginInsideTheirRecordings(t *testing.T) {
	var recorded []trace.Call
	for turn := range 101 {
		recorded = append(recorded, trace.Call{Session: "s", Turn: turn, Start: float64(turn), Gap: 1, Input: 100, Cached: 99, Output: 1})
	}
	for turn := range 21 { // at work from 40 to 60 s, beside its parent
		recorded = append(recorded, trace.Call{Session: "s", Agent: "sub", Parent: "", Turn: turn, Start: 40 + float64(turn), Gap: 1,
			Input: 100, Cached: 99, Output: 1})
	}
	cfg := inLanes(poolOf(trace.PoolOptions{}, recorded...), func(c *Config) { c.Lanes.From, c.Lanes.To = 0.25, 0.75 })
	cfg.Agents = 2000
	c := build(t, cfg)
	subs, sum := 0, 0.0
	for i := range c.agents.list {
		a, m := &c.agents.list[i], &c.trees().members[i]
		if m.parent >= 0 {
			subs++
			continue
		}
		require.GreaterOrEqual(t, a.turn, 25)
		require.LessOrEqual(t, a.turn, 75)
		sum += float64(a.turn)
	}
	require.InDelta(t, 49.5, sum/2000, 1)
	require.InDelta(t, 2000*20/50, subs, 60, "those that begin from 40 to 60 s have a sub-agent at work")
}
