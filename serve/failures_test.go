package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func pcg(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 17)) }

// Whatever fails and comes back, and however agents come and go: calls and
// agents are conserved, memory adds up, and once all is repaired everything that
// was lost is finished.
func TestLawsHoldThroughFailures(t *testing.T) {
	lost, vanished := int64(0), 0
	for seed := range uint64(40) {
		r := pcg(seed)
		cfg := anyDesign(r)
		cfg.Ramp = 1
		require.NoError(t, cfg.Prepare())
		workers := 0
		for _, p := range cfg.Deployment.Pools() {
			workers += p.Workers
		}
		for range 1 + r.IntN(4) {
			f := Failure{At: 40*r.Float64() - 5, Repair: 0.1 + 10*r.Float64(), Retry: 4 * r.Float64()}
			for w := range workers {
				if r.IntN(2) == 0 {
					f.Workers = append(f.Workers, w)
				}
			}
			cfg.Failures = append(cfg.Failures, f)
		}
		for at := 2.0; at < 40; at += 8 * r.Float64() {
			cfg.Population = append(cfg.Population, Change{At: at, By: r.IntN(7) - 3})
		}
		c, err := New(cfg)
		require.NoError(t, err)
		for range 30 {
			require.NoError(t, c.Run(2), "seed %d", seed)
			require.NoError(t, c.Check(), "seed %d at %v", seed, c.Now())
			lost += c.Totals().Failed
			c.OpenWindow()
		}
		for id := range c.agents.list {
			require.False(t, c.fleet.calls[id].lost, "seed %d: repaired %d s ago", seed, 10)
			if !c.agents.list[id].alive {
				vanished++
			}
		}
		before := c.Totals().Finished
		require.NoError(t, c.Run(120))
		require.True(t, c.Totals().Finished > before || c.Alive() == 0, "seed %d: it goes on", seed)
	}
	require.Greater(t, lost, int64(100))
	require.Greater(t, vanished, 20)
}

// Two workers, one fails: its sessions go to the other with nothing in a cache,
// all calls wait there, and when it is back sessions that begin go to it again.
func TestSessionsOfAFailedWorkerMoveAndComeBack(t *testing.T) {
	cfg := toy(play(anyTurns), withAgents(12))
	cfg.Deployment.Aggregated.Workers = 2
	cfg.Failures = []Failure{{At: 60, Repair: 60, Retry: 1, Workers: []int{0}}}
	require.NoError(t, cfg.Prepare())
	c, err := New(cfg)
	require.NoError(t, err)
	live := func() (n [2]int) {
		for i := range n {
			for k := range c.fleet.workers[i].ranks {
				n[i] += c.fleet.workers[i].ranks[k].homes
			}
		}
		return n
	}
	require.NoError(t, c.Run(59))
	require.Greater(t, live()[0], 3)
	require.NoError(t, c.Run(30))
	require.Zero(t, live()[0], "nobody lives on a worker that is down")
	require.Positive(t, c.Totals().Failed)
	busy := c.Window().Work[0].Busy
	require.NoError(t, c.Run(30))
	require.Equal(t, busy, c.Window().Work[0].Busy, "nor does it work")
	require.NoError(t, c.Run(400))
	require.Greater(t, live()[0], 2)
}

// A run without failures is the one it always was; one whose failure never has a
// worker is, too, but for the events themselves.
func TestAFailureOfNobodyChangesNothing(t *testing.T) {
	finished := func(failures []Failure) int64 {
		cfg := toy(play(anyTurns), withAgents(12))
		cfg.Failures = failures
		require.NoError(t, cfg.Prepare())
		c, err := New(cfg)
		require.NoError(t, err)
		require.NoError(t, c.Run(200))
		return c.Totals().Finished
	}
	require.Equal(t, finished(nil), finished([]Failure{{At: 3, Repair: 1}}))
}

// Racks of 8, units of 6 (a prefill worker of 4, a decode worker of 2): one unit
// a rack, with two places left over.
func TestWorkersByTheirPlace(t *testing.T) {
	d := DeploymentSpec{Mode: Disaggregated, Units: 2, Prefill: &PoolSpec{Workers: 1, Shape: toyShape(4)},
		Decode: &PoolSpec{Workers: 1, Shape: toyShape(2)}}
	require.Equal(t, []int{0}, d.WorkersOn(0, 1, 8))
	require.Equal(t, []int{2}, d.WorkersOn(5, 6, 8), "decode workers come after all prefill workers")
	require.Equal(t, []int{0, 2}, d.WorkersOn(0, 8, 8))
	require.Equal(t, []int{1, 3}, d.WorkersOn(8, 16, 8))
	require.Empty(t, d.WorkersOn(6, 8, 8), "empty places")
	require.Equal(t, []int{1}, d.WorkersOn(6, 7, 100), "both units in one rack")
}

// Failures that cannot be are refused by field.
func TestFailuresAreChecked(t *testing.T) {
	for want, f := range map[string]Failure{
		"failures[0].repair":  {At: 1},
		"failures[0].retry":   {At: 1, Repair: 1, Retry: -1},
		"failures[0].workers": {At: 1, Repair: 1, Workers: []int{1}},
	} {
		cfg := toy(play(anyTurns))
		cfg.Failures = []Failure{f}
		require.ErrorContains(t, cfg.Prepare(), want)
	}
}

// Agents that come and go as the curve says: nobody leaves in mid-session.
func TestAgentsComeAndGo(t *testing.T) {
	cfg := toy(play(anyTurns), withAgents(10))
	cfg.Population = []Change{{At: 5, By: 20}, {At: 300, By: -25}}
	require.NoError(t, cfg.Prepare())
	c, err := New(cfg)
	require.NoError(t, err)
	for _, step := range []struct {
		seconds float64
		agents  int
	}{{4, 10}, {2, 30}, {293, 30}} {
		require.NoError(t, c.Run(step.seconds))
		require.Equal(t, step.agents, c.Alive())
	}
	require.NoError(t, c.Run(2000))
	require.Equal(t, 5, c.Alive())
	require.NoError(t, c.Check())
}
