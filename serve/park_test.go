package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/trace"
)

// two agents on one decode slot: the first has a long answer, the second comes
// while it decodes.
func twoOnOneSlot(order string) Config {
	agent := 0
	return toy(play(func(_ *rand.Rand, out *trace.Session) {
		outputs := []int32{1001, 101}
		out.Turns = append(out.Turns, trace.Turn{Input: 600, Output: outputs[agent%2]})
		agent++
	}), disaggregated(1, 1), withAgents(2), maxBatch(1), priced(fixed{step: 1e-2, token: 1e-4}), func(c *Config) {
		c.Cold, c.Ramp, c.CallsMax = true, 0, 2
		c.Deployment.DecodeOrder = order
		c.Deployment.Prefill.TokenBudget = 600 // one prompt a step: 70 ms
		c.Deployment.Decode.Accelerators = 1
	})
}

// The second call's first token waits for the first call's last, or takes one
// step of it.
func TestAFirstTokenTakesOneStepOfWhoCameBefore(t *testing.T) {
	served := map[string][][]served{}
	for _, order := range []string{FCFS, FirstToken} {
		got, _ := keepDiary(t, twoOnOneSlot(order), 60)
		require.Len(t, got[0], 1)
		require.Len(t, got[1], 1)
		served[order] = got
	}
	seconds := func(order string, agent int) (first, last float64) {
		s := served[order][agent][0]
		return s.first.Seconds(), s.last.Seconds()
	}
	const stepSeconds, tolerance = 1e-2, 1e-3
	first, last := seconds(FCFS, 0)
	require.InDelta(t, 1000*stepSeconds, last-first, tolerance)
	visited, left := seconds(FirstToken, 0)
	require.InDelta(t, first, visited, tolerance)
	require.InDelta(t, last+stepSeconds, left, tolerance, "one step later")

	waited, ended := seconds(FCFS, 1)
	require.InDelta(t, last, waited, tolerance)
	early, done := seconds(FirstToken, 1)
	require.Less(t, early, first+0.1, "within its prefill and a step")
	require.InDelta(t, ended, done, tolerance, "all the rest comes as late as before")
}

// More agents than slots: first tokens come sooner, and the others' later.
func TestFirstTokensFirstTradesSpeedForTTFT(t *testing.T) {
	crowd := func(order string) *Tally {
		return observe(t, toy(play(longChat), disaggregated(2, 1), withAgents(40), maxBatch(4), func(c *Config) {
			c.Deployment.DecodeOrder = order
		}), 120)
	}
	plain, first := crowd(FCFS), crowd(FirstToken)
	quantile := func(sorted []float64, q float64) float64 { return sorted[int(q*float64(len(sorted)))] }
	require.Less(t, quantile(first.TTFT, 0.95), 0.5*quantile(plain.TTFT, 0.95))
	require.Less(t, quantile(first.Speed, 0.25), quantile(plain.Speed, 0.25))
	require.InEpsilon(t, float64(plain.OutputTokens), float64(first.OutputTokens), 0.05, "nobody decodes more or less")
}

// draining prices steps of a pipeline that gives prompts back later.
type draining struct {
	fixed
	drain float64
}

func (d draining) Step(ranks []step.Rank) step.Cost {
	cost := d.fixed.Step(ranks)
	for i := range ranks {
		if ranks[i].PrefillTokens > 0 {
			cost.Drain = d.drain
		}
	}
	return cost
}

// A prompt comes out of a pipeline after its step; the worker computes the next
// one meanwhile.
func TestPromptsEmergeFromAPipelineLater(t *testing.T) {
	for name, mode := range map[string]func(*Config){"aggregated": func(*Config) {}, "apart": disaggregated(1, 1)} {
		var ttft, busy []float64
		for _, drain := range []float64{0, 0.05} {
			w := watch(t, toy(play(chat), withAgents(1), mode, pipelined(2, 1), func(c *Config) {
				c.Cold, c.Ramp, c.CallsMax = true, 0, 30
				c.pricer = draining{fixed{step: 1e-2, token: 1e-5}, drain}
			}))
			require.NoError(t, w.RunOut())
			w.close()
			ttft = append(ttft, w.sum.Fill/float64(w.sum.Calls))
			busy = append(busy, w.sum.Work[0].Busy.Seconds())
		}
		require.InDelta(t, ttft[0]+0.05, ttft[1], 1e-9, name)
		require.InDelta(t, busy[0], busy[1], 1e-9, name)
	}
}
