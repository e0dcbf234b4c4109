package serve

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/sim"
	"agentsim/trace"
)

// size is one point of an axis along which clusters grow.
type size struct {
	name            string
	agents, workers int
	context         int // tokens of a prompt that all sessions share
}

// BenchmarkGrowth says what a call costs in clusters of very different sizes, and an
// event of a bare queue with as many pending; the fastest of short turns counts.
// What grows beside the queue is mostly misses of the processor's caches, through
// which a hundred thousand agents do not fit.
func BenchmarkGrowth(b *testing.B) {
	for _, axis := range axes() {
		for _, s := range axis.sizes {
			b.Run(axis.name+"/"+s.name, func(b *testing.B) {
				race := grown(b, axis.router, &s)
				for b.Loop() {
					race.turn(b)
				}
				b.ReportMetric(race.call, "ns/call")
				b.ReportMetric(race.bare, "ns/bare-event")
				b.ReportMetric(race.call/race.bare, "ratio")
			})
		}
	}
}

// axis is along what clusters grow, and by how much a call of the largest grew dearer
// over the first, beyond the queue, when docs/PERFORMANCE.md was written.
type axis struct {
	name   string
	router string
	grew   float64
	sizes  []size
}

func axes() []axis {
	workers := []size{{"1", 40, 1, 1000}, {"10", 400, 10, 1000}, {"100", 4000, 100, 1000}, {"1000", 40_000, 1000, 1000}}
	return []axis{
		{"agents", ConversationAffinity, 1, []size{{"100", 100, 8, 1000}, {"1000", 1000, 8, 1000}, {"10000", 10_000, 8, 1000},
			{"100000", 100_000, 8, 1000}}},
		{"workers", ConversationAffinity, 1.5, workers},
		{"workers behind least-loaded", LeastLoaded, 2, workers},
		{"workers behind kv-aware", KVAware, 1.7, workers},
		{"context", ConversationAffinity, 1.02, []size{{"1k", 400, 10, 1000}, {"32k", 400, 10, 32_000}, {"1M", 400, 10, 1_000_000}}},
	}
}

// What a call costs grows with the queue, and beyond that as was written at most, with
// room for what else a machine does.
func TestACallGrowsNoDearerThanWasWritten(t *testing.T) {
	if os.Getenv("AGENTSIM_BENCH") == "" {
		t.Skip("times code: make bench")
	}
	const worse = 1.3
	for _, axis := range axes() {
		first := 0.0
		for i := range axis.sizes {
			race := grown(t, axis.router, &axis.sizes[i])
			for range 60 {
				race.turn(t)
			}
			ratio := race.call / race.bare
			if i == 0 {
				first = ratio
			}
			t.Logf("%s %s: %.0f ns a call, %.0f ns of a bare queue, ratio %.1f, %.2f of the first", axis.name,
				axis.sizes[i].name, race.call, race.bare, ratio, ratio/first)
			require.Less(t, ratio/first, worse*axis.grew, axis.name)
		}
	}
}

// grownRace is a cluster and a bare queue that take turns.
type grownRace struct {
	cluster    *Cluster
	queue      *sim.Simulation
	seconds    float64 // simulated in a turn
	call, bare float64 // ns, of the fastest turn
}

func grown(t testing.TB, router string, s *size) *grownRace {
	t.Helper()
	c := build(t, toy(sharing(s.context), withAgents(s.agents), func(c *Config) {
		c.Deployment.Router = router
		c.Deployment.Aggregated.Workers = s.workers
		c.LLM.MaxContext = 1 << 21
		c.System.Accelerator.HBM.Capacity = 1e15
		c.Ramp = 20
		// A worker keeps up with its agents however many they are.
		each := float64(s.agents) / float64(s.workers)
		c.pricer = fixed{step: 0.01, sequence: 0.01 / each}
		c.Deployment.Aggregated.Shape.MaxBatchPerRank = 1 << 14
		c.Deployment.Aggregated.Shape.TokenBudget = 1 << 24
	}))
	require.NoError(t, c.Run(40))
	const calls, cycle = 4000.0, 10 // of a turn, and seconds of a call with its gap, about
	return &grownRace{cluster: c, queue: held(t, s.agents), seconds: calls * cycle / float64(s.agents)}
}

func (r *grownRace) turn(t testing.TB) {
	c := r.cluster
	c.OpenWindow() // looks at every agent
	at, done, start := c.Events(), c.Totals().Finished, ProcessorTime()
	require.NoError(t, c.Run(r.seconds))
	r.call = faster(r.call, ProcessorTime()-start, float64(c.Totals().Finished-done))
	n := c.Events() - at
	start = ProcessorTime()
	for range n {
		if _, err := r.queue.Step(); err != nil {
			t.Fatal(err)
		}
	}
	r.bare = faster(r.bare, ProcessorTime()-start, float64(n))
}

func faster(before float64, spent time.Duration, things float64) float64 {
	ns := float64(spent.Nanoseconds()) / max(1, things)
	if before == 0 {
		return ns
	}
	return min(before, ns)
}

// held is a queue with so many events pending, each of which brings another.
func held(t testing.TB, pending int) *sim.Simulation {
	t.Helper()
	queue := sim.New(sim.Options{})
	random := sim.Stream(1, "hold")
	var hold *sim.Kind[int32]
	hold = sim.NewKind(queue, "hold", sim.Complete, func(id int32) error {
		hold.After(sim.Time(random.Uint64()>>8%uint64(40*sim.Millisecond))+1, id)
		return nil
	})
	for id := range pending {
		hold.After(sim.Time(id+1), int32(id))
	}
	for range 3 * pending { // until they are in no order
		if _, err := queue.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return queue
}

// sharing is sessions of some turns behind a prefix of so many tokens that all of
// them have.
func sharing(prefix int) play {
	return func(r *rand.Rand, out *trace.Session) {
		out.Shared = int32(prefix)
		input, last := prefix+200, int32(prefix)
		for range 40 {
			t := trace.Turn{Input: int32(input), Prefix: last, Output: int32(50 + r.IntN(100)), Gap: float32(5 * r.ExpFloat64())}
			out.Turns = append(out.Turns, t)
			last, input = t.Input, input+int(t.Output)+100+r.IntN(200)
		}
	}
}
