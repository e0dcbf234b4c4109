package sessions

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/trace"
)

// What is remembered is what was drawn, for many at once, and nobody who changes
// a session changes that of another.
func TestRememberedSessionsAreThoseThatWereDrawn(t *testing.T) {
	profile, _, err := configs.LoadPreset[trace.Workload](configs.Presets(), "workloads", "aa-agentperf", nil)
	require.NoError(t, err)
	source := &drawn{profile: &profile.Synthetic, seed: 7}
	kept := Remember(&Source{Sessions: source})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(worker)))
			var got, want trace.Session
			for range 2000 {
				agent, k := r.IntN(40), r.IntN(5)-2
				if kept.Session(agent, k, &got) != nil || source.Session(agent, k, &want) != nil {
					t.Error("sessions of a profile cannot fail")
					return
				}
				if got.Shared != want.Shared || len(got.Turns) != len(want.Turns) {
					t.Errorf("session %d of agent %d differs", k, agent)
				}
				for i := range want.Turns {
					if got.Turns[i] != want.Turns[i] {
						t.Errorf("turn %d of session %d of agent %d differs", i, k, agent)
					}
					got.Turns[i].Input = -1
				}
			}
		})
	}
	all.Wait()
}

// What is kept is bounded; beyond it sessions are drawn.
func TestRememberedSessionsAreBounded(t *testing.T) {
	profile, _, err := configs.LoadPreset[trace.Workload](configs.Presets(), "workloads", "aa-agentperf", nil)
	require.NoError(t, err)
	source := &drawn{profile: &profile.Synthetic, seed: 7}
	kept := Remember(source).(*remembered)
	kept.turns.Store(turnsKept)
	var got, want trace.Session
	require.NoError(t, kept.Session(3, 0, &got))
	require.NoError(t, source.Session(3, 0, &want))
	require.Equal(t, want, got)
	require.Equal(t, int64(turnsKept), kept.turns.Load())
	require.Empty(t, kept.shards[3].kept)
	require.Less(t, testing.AllocsPerRun(100, func() { _ = kept.Session(3, 0, &got) }), 1.0)
}
