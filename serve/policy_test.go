package serve

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/sim"
	"agentsim/trace"
)

// scheduled sets the engine's schedule.
func scheduled(s step.Schedule) func(*Config) {
	return func(c *Config) { c.Engine.Schedule = s }
}

// A story for every policy of a schedule: agent 0 decodes when the others come.
func TestStoriesOfPolicies(t *testing.T) {
	play := turns(trace.Turn{Input: 900, Output: 60})
	apart := toy(play, withAgents(3), disaggregated(1, 1))
	one := func(s step.Schedule) Config {
		return toy(play, withAgents(3), scheduled(s), func(c *Config) {
			c.Deployment.Aggregated.Accelerators, c.Deployment.Aggregated.TokenBudget = 1, 300
			c.Engine.Host = step.HostCost{Ingress: 5e-3, PerPromptToken: 5e-6, Processes: 1}
		})
	}
	no := false
	for name, cfg := range map[string]Config{
		"mix":          one(step.Schedule{}),
		"prompts":      one(step.Schedule{Mix: &no, Order: step.PromptsFirst}),
		"chunk":        one(step.Schedule{Chunk: 100}),
		"after":        one(step.Schedule{Mix: &no, Interval: step.Interval{N: 2, Kind: step.After}}),
		"grid":         one(step.Schedule{Interval: step.Interval{N: 4, Kind: step.Grid}}),
		"poll":         one(step.Schedule{Poll: 10}),
		"fill":         one(step.Schedule{Gather: step.Gathering{Fill: 1, Timeout: 8}}),
		"first-token":  with(apart, scheduled(step.Schedule{Handover: step.HandoverSet{FirstToken: step.FirstDecode}})),
		"early-token":  with(apart, scheduled(step.Schedule{Handover: step.HandoverSet{FirstToken: step.FirstPrefill}})),
		"arrived-poll": with(apart, scheduled(step.Schedule{Handover: step.HandoverSet{Poll: 8}})),
	} {
		t.Run(name, func(t *testing.T) { golden(t, "policy-"+name+".txt", tell(t, cfg, 3)) })
	}
}

func with(c Config, change func(*Config)) Config {
	change(&c)
	return c
}

// A front end of one process takes 10 ms for each of four prompts that come at
// once: the last waits 30 ms. Two processes, twice as fast; without a number,
// none waits.
func TestAFrontEndIsAQueue(t *testing.T) {
	cost := step.HostCost{Ingress: 5e-3, PerRequest: 4e-3, PerPromptToken: 6e-6}
	for processes, want := range map[int][]int{1: {15, 25, 35, 45}, 2: {15, 15, 25, 25}, 0: {15, 15, 15, 15}} {
		cost.Processes = processes
		f := newFrontend(cost, 1)
		for i := range want {
			require.InDelta(t, float64(want[i])*1e-3, f.takeIn(0, 1000).Seconds(), 1e-9, "%d processes", processes)
		}
	}
	cost.Processes, cost.PerOutputToken = 1, 1e-3
	f := newFrontend(cost, 1)
	f.sendOut(0, 100)
	require.InDelta(t, 0.115, f.takeIn(0, 1000).Seconds(), 1e-9, "an answer on its way out holds up prompts")
	require.InDelta(t, 0.015, f.takeIn(sim.Ticks(1), 1000).Seconds(), 1e-9)
}

// engine-schedulers, example 2: 1,024 of 8,192 tokens a prompt: eight prompts
// advance a step.
func TestChunksOfOnePromptAreLimited(t *testing.T) {
	c := build(t, toy(turns(trace.Turn{Input: 20000, Output: 2}), withAgents(10), scheduled(step.Schedule{Chunk: 1024}),
		func(c *Config) {
			c.Deployment.Aggregated.Accelerators, c.Deployment.Aggregated.TokenBudget = 1, 8192
			c.Cold, c.Ramp = true, 0
			c.System.Accelerator.HBM.Capacity = 64e9
		}, priced(fixed{step: 1e-3, token: 1e-5})))
	require.NoError(t, c.Run(0.045)) // 25 ms of ingress, 11.24 ms of a step with the first prompt alone, the step after
	w := c.fleet.workers[0]
	require.Len(t, w.chunks, 8)
	for _, chunk := range w.chunks {
		require.Equal(t, 1024, chunk.tokens)
	}
}

// What a deployment says goes before the engine's schedule.
func TestADeploymentIsCompletedByTheSchedule(t *testing.T) {
	no := false
	engine := &step.EngineSpec{Schedule: step.Schedule{Mix: &no, Budget: 16384, Slots: 512, Divide: true, Poll: 30,
		Admit: step.Admission{Reserve: 77}}}
	pool := func(budget, slots int) *PoolSpec {
		return &PoolSpec{Workers: 1, Shape: step.Shape{Accelerators: 8, DPAttention: true, TokenBudget: budget, MaxBatchPerRank: slots}}
	}
	d := DeploymentSpec{Mode: Disaggregated, Prefill: pool(0, 0), Decode: pool(0, 0)}
	got := d.Completed(engine)
	require.Equal(t, []any{PrefillPriority, 30, 77, 2048, 0, 0, 64}, []any{got.Batching, got.Hold.Poll, got.Cache.ReserveTokens,
		got.Prefill.TokenBudget, got.Prefill.MaxBatchPerRank, got.Decode.TokenBudget, got.Decode.MaxBatchPerRank})
	require.Zero(t, d.Prefill.TokenBudget, "the deployment itself stays as it was")
	require.ErrorContains(t, d.Limited(), "prefill.token_budget")
	require.NoError(t, got.Limited())

	said := DeploymentSpec{Mode: Aggregated, Aggregated: pool(100, 5), Batching: Mixed, Hold: HoldSpec{Poll: 2},
		Cache: CacheSpec{ReserveTokens: 3}}
	require.Equal(t, said, said.Completed(engine))
}

// With at most one sequence three tokens are drafted, with more none.
func TestShallowDraftsGetCallsOnByLess(t *testing.T) {
	steps := func(agents int) float64 {
		c := build(t, toy(turns(trace.Turn{Input: 100, Output: 301}), withAgents(agents), func(c *Config) {
			c.Deployment.Aggregated.Accelerators = 1
			c.Deployment.Aggregated.Draft = &step.DraftSpec{Depth: 3, Accepted: "2.5", ByBatch: map[string]int{"1": 3}}
			c.Cold, c.Ramp, c.CallsMax = true, 0, int64(agents)
		}))
		require.NoError(t, c.RunOut())
		require.NoError(t, c.Check())
		return c.Window().Work[0].Sequences / float64(agents)
	}
	require.InEpsilon(t, 300/2.5, steps(1), 0.2)
	require.InEpsilon(t, 300, steps(12), 0.1)
}

// Acceptance differs by request; over all steps its mean is the given one.
func TestAcceptanceDiffersByRequest(t *testing.T) {
	mean := []float64{1.79, 2.27, 2.49}
	list := classLengths(mean)
	perToken := 0.0
	for i, l := range list {
		perToken += 1 / l[2] / float64(len(list))
		require.True(t, i == 0 || l[2] > list[i-1][2], "classes rise")
	}
	require.InEpsilon(t, 2.49, 1/perToken, 1e-9)
	require.Greater(t, list[7][2]/list[0][2], 1.3)
	require.Equal(t, [][]float64{{2, 3}}, classLengths([]float64{2, 3}), "what is always accepted is so for all")
}

// Beta(2, 1) has the density 2x: half of it lies below the root of a half.
func TestBetaMeans(t *testing.T) {
	require.InDeltaSlice(t, []float64{0.4714, 0.8619}, betaMeans(2, 1, 2), 1e-3) // 2/3·√½ and 2·(2/3)·(1-½^1.5)
}

func ExampleDeploymentSpec_Completed() {
	d := DeploymentSpec{Mode: Aggregated, Aggregated: &PoolSpec{Workers: 1, Shape: step.Shape{Accelerators: 8}}}
	d = d.Completed(&step.EngineSpec{Schedule: step.Schedule{Budget: 8192, Slots: 1024}})
	fmt.Println(d.Aggregated.TokenBudget, d.Aggregated.MaxBatchPerRank)
	// Output: 8192 1024
}
