package serve

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/sim"
	"agentsim/trace"
	"agentsim/units"
)

// toy is the smallest cluster with everything in it: a dense model of sixteen
// layers on accelerators with round numbers, one aggregated worker of two
// attention ranks. Tests change what they are about.
func toy(sessions Sessions, changes ...func(*Config)) Config {
	c := Config{
		Deployment: DeploymentSpec{
			Mode:       Aggregated,
			Aggregated: &PoolSpec{Workers: 1, Shape: toyShape(2)},
			Precision:  step.Precision{Dense: hardware.BF16, KV: hardware.BF16},
			Router:     ConversationAffinity,
		},
		System:   toySystem(),
		LLM:      toyModel(),
		Kernels:  toyKernels(),
		Engine:   toyEngine(),
		Sessions: sessions,
		Replay:   trace.ReplayRecorded,
		Agents:   8,
		Ramp:     1,
		Seed:     7,
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func toyShape(accelerators int) step.Shape {
	return step.Shape{Accelerators: accelerators, DPAttention: true, TokenBudget: 2048, MaxBatchPerRank: 16}
}

func toySystem() hardware.System {
	return hardware.System{Name: "toy", Domain: 8, Accelerator: hardware.Accelerator{
		Name:    "toy",
		Compute: map[hardware.Format]units.FLOPRate{hardware.BF16: 1e14},
		HBM:     hardware.HBM{Capacity: 16e9, Bandwidth: 1e12},
		ScaleUp: 1e11, ScaleOut: 1e10,
		Power: hardware.AcceleratorPower{Idle: 100, Active: 50, TDP: 500, PerHBMByte: 50e-12, PerLinkByte: 10e-12,
			PerFLOP: map[hardware.Format]units.JoulesPerFLOP{hardware.BF16: 1e-12}, ClockExponent: 3},
	}}
}

func toyModel() llm.Spec {
	layer := llm.Block{Count: 16, Dense: 4096,
		Attention: llm.Attention{Kind: llm.GQA, Heads: 8, KVHeads: 8, HeadDim: 128}}
	draft := layer
	draft.Count = 1
	return llm.Spec{Name: "toy", Hidden: 1024, Vocab: 32000, Blocks: []llm.Block{layer}, MTP: &draft,
		MaxContext: 1 << 17, Weights: llm.WeightFormats{Dense: hardware.BF16}, Acceptance: []float64{1.7, 2.2, 2.5}}
}

func toyKernels() hardware.KernelSet {
	// Without exponent: the larger of both, so that time is linear in context.
	soft := hardware.Roofline{Floor: 5e-6, ComputeEfficiency: 0.7, MemoryEfficiency: 0.8}
	wire := hardware.Collective{Floor: 1e-5, Efficiency: 0.8}
	return hardware.KernelSet{Name: "toy",
		GEMM:  map[hardware.Format]hardware.Roofline{hardware.BF16: soft},
		Core:  map[string]hardware.Roofline{"prefill": soft, "decode": soft},
		Small: hardware.Linear{Floor: 1e-5, PerToken: 1e-9}, AllReduce: wire, AllGather: wire, Transfer: wire}
}

func toyEngine() step.EngineSpec {
	return step.EngineSpec{Name: "toy", Efficiency: 1, Handshake: 1e-3,
		Host:   step.HostCost{PerStep: 1e-3, Ingress: 5e-3, PerPromptToken: 1e-6},
		Memory: step.MemoryPolicy{Utilisation: 0.9, Fragmentation: 1, BlockTokens: 64}}
}

// disaggregated splits the toy into prefill and decode workers.
func disaggregated(prefill, decode int) func(*Config) {
	return func(c *Config) {
		d := &c.Deployment
		d.Mode, d.Aggregated = Disaggregated, nil
		d.Prefill = &PoolSpec{Workers: prefill, Shape: toyShape(1)}
		d.Decode = &PoolSpec{Workers: decode, Shape: toyShape(2)}
	}
}

func withDrafts(c *Config) {
	pools := c.Deployment.Pools()
	pools[len(pools)-1].Spec.DraftTokens = 3
}

func withAgents(n int) func(*Config) { return func(c *Config) { c.Agents = n } }

func naively(c *Config) { c.naive = true }

// fixed prices decode steps at a time per sequence and prompts at a time per
// token, on top of a time per step, at so many watts.
type fixed struct{ step, sequence, token, watts float64 }

func (f fixed) Step(ranks []step.Rank) step.Cost {
	seconds := f.step
	for i := range ranks {
		seconds += f.sequence*float64(ranks[i].Sequences) + f.token*float64(ranks[i].PrefillTokens)
	}
	return step.Cost{Seconds: seconds, Joules: f.watts * seconds}
}

func priced(p pricer) func(*Config) { return func(c *Config) { c.pricer = p } }

// play is a Sessions that makes a session up.
type play func(r *rand.Rand, out *trace.Session)

// Session gives r the same numbers for the same agent and k, and allocates
// nothing itself.
func (p play) Session(agent, k int, out *trace.Session) error {
	out.Turns = out.Turns[:0]
	p(sim.Stream(1, "play", uint64(agent), uint64(k)), out)
	return nil
}

// chat is a play of turns like those of agents: contexts that grow by some
// hundred tokens a turn, short answers, short gaps, and now and then a
// prompt that no longer matches.
func chat(r *rand.Rand, out *trace.Session) {
	out.Shared = 256
	input, last := 500+r.IntN(2000), 0
	for range 2 + r.IntN(8) {
		t := trace.Turn{Input: int32(input), Prefix: int32(last), Output: int32(1 + r.IntN(150)),
			Gap: float32(r.ExpFloat64() / 2)}
		if last > 0 {
			t.Echo = min(t.Input-t.Prefix, 20)
		}
		if r.IntN(10) == 0 {
			t.Prefix, t.Echo = t.Prefix/2, 0
		}
		out.Turns = append(out.Turns, t)
		last = input
		input += int(t.Output) + 50 + r.IntN(600)
	}
}

// build prepares a cluster that has to come about.
func build(t testing.TB, cfg Config) *Cluster {
	t.Helper()
	require.NoError(t, cfg.Prepare())
	require.NoError(t, cfg.Fit())
	c, err := New(cfg)
	require.NoError(t, err)
	return c
}

// trees are the session trees of a cluster that has them.
func (c *Cluster) trees() *trees {
	switch a := c.agents.arrivals.(type) {
	case *lanes:
		return &a.trees
	case *open:
		return &a.trees
	}
	return nil
}

// boundary is the event at the end of a worker's step.
func (c *Cluster) boundary() *sim.Kind[int32] { return c.fleet.workers[0].boundary }
