package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/trace"
)

// perSession is the length of sessions here. The first turn of a session comes
// at once, so that the mean gap is that of the others times their share.
const perSession = 200

// alike is a play of sessions of one kind of turn: a prompt, so many tokens to
// generate besides the first, and a gap.
func alike(input int, output, gap func(*rand.Rand) float64) play {
	return func(r *rand.Rand, out *trace.Session) {
		for range perSession {
			out.Turns = append(out.Turns, trace.Turn{Input: int32(input), Output: int32(1 + output(r)), Gap: float32(gap(r))})
		}
	}
}

func always(v float64) func(*rand.Rand) float64 { return func(*rand.Rand) float64 { return v } }

func exponential(mean float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return mean * r.ExpFloat64() }
}

// station is one rank that prices steps as told and keeps no cache.
func station(agents int, p pricer) func(*Config) {
	return func(c *Config) {
		c.pricer, c.Agents = p, agents
		c.Deployment.Cache.Off = true
		c.Deployment.Aggregated.Shape.Accelerators = 1
		c.Deployment.Aggregated.MaxBatchPerRank = agents
		c.Deployment.Aggregated.TokenBudget = 1 << 20
		c.Engine.Host = step.HostCost{}
	}
}

// closedNetwork is a closed network of one processor-sharing station and a delay, by
// exact mean value analysis: throughput and response time.
func closedNetwork(customers int, demand, delay float64) (rate, response float64) {
	queue := 0.0
	for n := 1; n <= customers; n++ {
		response = demand * (1 + queue)
		rate = float64(n) / (response + delay)
		queue = rate * response
	}
	return rate, response
}

// A worker whose steps last in proportion to its batch shares itself among its
// sequences: decoding is a processor-sharing station, the tool gap a delay.
// Mean values depend on neither distribution beyond its mean.
func TestDecodeIsProcessorSharing(t *testing.T) {
	const tokens, perSequence, gap = 4000, 0.25e-3, 5.0
	const demand, delay = tokens * perSequence, gap * (perSession - 1) / perSession
	for name, sessions := range map[string]play{
		"equal answers":       alike(1, always(tokens), exponential(gap)),
		"exponential answers": alike(1, exponential(tokens), exponential(gap)),
		"equal gaps":          alike(1, exponential(tokens), always(gap)),
	} {
		for _, agents := range []int{1, 4, 12} {
			c := build(t, toy(sessions, station(agents, fixed{step: 1e-9, sequence: perSequence})))
			require.NoError(t, c.Run(1000))
			c.OpenWindow()
			require.NoError(t, c.Run(200_000))
			require.NoError(t, c.Check())
			w := c.Window()
			rate, response := closedNetwork(agents, demand, delay)
			calls := float64(w.Calls)
			require.InEpsilon(t, rate, calls/c.Span(), 0.01, "%s, %d agents", name, agents)
			require.InEpsilon(t, response, w.InState[InDecode].Seconds()/calls, 0.01, "%s, %d agents", name, agents)
			require.InEpsilon(t, rate*demand, w.Work[0].Busy.Seconds()/c.Span(), 0.01, "utilisation law")
		}
	}
}

// Prompts of equal length on a worker that computes one at a time, from many
// agents who rarely call, wait as in M/D/1: rho·D/(2(1-rho)) by Pollaczek and
// Khinchine.
func TestPromptsWaitAsInMD1(t *testing.T) {
	const agents, service, prompt = 4000, 0.1, 1000
	for _, load := range []float64{0.3, 0.6, 0.8} {
		gap := agents * service / load
		cfg := toy(alike(prompt, always(0), exponential(gap)), station(agents, fixed{token: service / prompt}),
			func(c *Config) { c.Deployment.Aggregated.TokenBudget, c.Ramp = prompt, gap })
		c := build(t, cfg)
		require.NoError(t, c.Run(2*gap))
		c.OpenWindow()
		require.NoError(t, c.Run(25_000))
		w := c.Window()
		rho := float64(w.Calls) / c.Span() * service
		require.InEpsilon(t, load, rho, 0.02)
		require.InEpsilon(t, rho, w.Work[0].Busy.Seconds()/c.Span(), 1e-4, "utilisation law")
		require.InEpsilon(t, rho*service/2/(1-rho), w.Queue/float64(w.Calls), 0.03, "load %v", load)
	}
}
