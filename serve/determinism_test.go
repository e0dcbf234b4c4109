package serve

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/sim"
	"agentsim/trace"
)

// outcome is all that a run shows of itself.
type outcome struct {
	fingerprint, events uint64
	ttft, speed         []float64
	inState             [states]sim.Time
	work                []WorkerTally
}

func play20(t testing.TB, cfg Config) outcome {
	c, err := New(cfg)
	require.NoError(t, err)
	require.NoError(t, c.Run(20))
	w := c.Window()
	return outcome{c.Fingerprint(), c.Events(), w.TTFT, w.Speed, w.InState, w.Work}
}

// One prepared Config serves clusters side by side, and none of them can tell.
func TestProcessorsAndNeighboursChangeNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, cfg := range everyDesign() {
		require.NoError(t, cfg.Prepare())
		runtime.GOMAXPROCS(1)
		alone := play20(t, cfg)
		runtime.GOMAXPROCS(2)
		var side [4]outcome
		var all sync.WaitGroup
		for i := range side {
			all.Go(func() { side[i] = play20(t, cfg) })
		}
		all.Wait()
		for i := range side {
			require.Equal(t, alone, side[i], name)
		}
	}
}

func TestTheSeedChangesEverything(t *testing.T) {
	cfg := toy(play(chat))
	require.NoError(t, cfg.Prepare())
	first := play20(t, cfg)
	cfg.Seed++
	require.NotEqual(t, first.fingerprint, play20(t, cfg).fingerprint)
}

// life notes the calls one agent makes: what was asked and what was drawn.
type life struct {
	c     *Cluster
	agent int32
	calls []lived
}

type lived struct {
	k, turn int
	asked   trace.Turn
	steps   int64
}

// Record notes the call an agent has just begun to decode.
func (l *life) Record(sim.Event) {
	a, c := &l.c.agents.list[l.agent], &l.c.fleet.calls[l.agent]
	if c.state != InDecode {
		return
	}
	now := lived{a.k, a.turn, *a.current(), l.c.fleet.sequences[l.agent].steps}
	if n := len(l.calls); n == 0 || l.calls[n-1] != now {
		l.calls = append(l.calls, now)
	}
}

// An agent lives through the same sessions, and has the same luck with its
// drafts, whoever else is there and whatever serves it.
func TestAgentsHaveTheSameLuckOnEveryCluster(t *testing.T) {
	var lives [][]lived
	for _, change := range []func(*Config){
		withAgents(4), withAgents(40), disaggregated(2, 1),
		func(c *Config) { c.Deployment.Router, c.Deployment.Cache.Off = RoundRobin, true },
	} {
		cfg := toy(play(chat), change, withDrafts)
		l := &life{agent: 3}
		cfg.Recorder = l
		w := watch(t, cfg)
		l.c = w.Cluster
		w.run(60)
		require.Greater(t, len(l.calls), 40)
		lives = append(lives, slices.Clip(l.calls[:40]))
	}
	for _, other := range lives[1:] {
		require.Equal(t, lives[0], other)
	}
	require.NotZero(t, lives[0][39].k)
}
