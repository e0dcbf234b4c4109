package serve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/trace"
	"agentsim/units"
)

// anyDesign is a cluster with everything chosen at random.
func anyDesign(r *rand.Rand) Config {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	maybe := func() bool { return r.IntN(3) == 0 }
	cfg := toy(play(anyTurns), withAgents(1+r.IntN(24)))
	d := &cfg.Deployment
	if r.IntN(2) == 0 {
		disaggregated(1+r.IntN(3), 1+r.IntN(2))(&cfg)
	} else {
		d.Aggregated.Workers = 1 + r.IntN(2)
	}
	for _, p := range d.Pools() {
		p.Spec.TokenBudget = 64 << r.IntN(6)
		p.Spec.MaxBatchPerRank = 1 + r.IntN(12)
	}
	if maybe() {
		withDrafts(&cfg)
	}
	if pools := d.Pools(); maybe() {
		depth := 1 + r.IntN(5)
		last := pools[len(pools)-1].Spec
		last.DraftTokens, last.Draft = 0, &step.DraftSpec{Kind: one(step.RecurrentDraft, step.BlockDraft, step.LookupDraft),
			Depth: depth, Accepted: step.AcceptedLength(fmt.Sprint(1 + r.Float64()*float64(depth)))}
		if r.IntN(2) == 0 {
			last.Draft.ByBatch = map[string]int{"2": depth, "5": r.IntN(depth + 1)}
		}
	}
	d.Units = r.IntN(3)
	d.Router, d.Batching, d.PrefillOrder = one(routerNames()...), one(Mixed, PrefillPriority), one(FCFS, ShortestFirst)
	cfg.Replay = one(trace.ReplayRecorded, trace.ReplayGenerated)
	if maybe() {
		d.Spill = 1 + r.IntN(3000)
	}
	if maybe() {
		d.Hold = HoldSpec{Poll: r.IntN(12), Balance: r.IntN(30)}
	}
	d.Cache = CacheSpec{Off: r.IntN(5) == 0, DecodeRetains: maybe(), ReserveTokens: r.IntN(3) * r.IntN(400),
		Eviction: kvcache.EvictionSpec{Policy: kvcache.EvictionPolicy(one("", "lru", "cost")), CostContext: 5000}}
	if maybe() {
		cfg.Engine.Cache.Policy = one("vllm-0.20", "vllm-0.26", "vllm-0.29", "sglang-window-recompute", "tensorrt-llm-per-request",
			"tensorrt-llm-all-reusable")
		cfg.LLM.Blocks = slices.Clone(cfg.LLM.Blocks)
		half := cfg.LLM.Blocks[0]
		half.Count /= 2
		window := half
		window.Attention.Kind, window.Attention.Window = llm.Window, 128
		cfg.LLM.Blocks = []llm.Block{half, window}
	}
	if r.IntN(2) == 0 {
		room := 9000 + r.IntN(20000)
		if cfg.Engine.Cache.Policy != "" {
			room *= 6 // a running request holds windows of all that is in flight
		}
		memory(room)(&cfg)
	}
	if r.IntN(2) == 0 {
		tiers(r)(&cfg)
	}
	if r.IntN(2) == 0 {
		cfg.Engine.Schedule, cfg.Engine.Host = anySchedule(r), anyHost(r)
		d.Batching = one("", Mixed, PrefillPriority)
	}
	cfg.Cold, cfg.naive = maybe(), r.IntN(8) == 0
	if maybe() {
		divided(1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2), step.GatherReduce, step.AllToAll)(&cfg)
	}
	return cfg
}

// divided has every rank divide what it has by token: the entries of contexts
// over the copies of dcp, new tokens of prompts over groups of pcp; so many ranks
// a worker. Heads of the cache are few, so that there are copies. Pools take turns
// in how they combine partial outputs.
func divided(dcp, pcp, ranks int, combine ...string) func(*Config) {
	return func(c *Config) {
		const tp = 4
		c.LLM.Blocks = slices.Clone(c.LLM.Blocks)
		for i := range c.LLM.Blocks {
			c.LLM.Blocks[i].Attention.KVHeads = 2
		}
		if c.LLM.MTP != nil {
			draft := *c.LLM.MTP
			draft.Attention.KVHeads = 2
			c.LLM.MTP = &draft
		}
		c.System.Domain = tp * pcp * ranks * 8
		for i, p := range c.Deployment.Pools() {
			s := &p.Spec.Shape
			s.Accelerators, s.TP, s.DCP, s.PCP, s.DPAttention = tp*pcp*ranks*max(1, s.PP), tp, dcp, pcp, true
			if len(combine) > 0 && dcp > 1 {
				s.DCPComm = combine[i%len(combine)]
			}
		}
	}
}

// anySchedule is a legal schedule with everything chosen at random.
func anySchedule(r *rand.Rand) step.Schedule {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	mix := r.IntN(2) == 0
	s := step.Schedule{Mix: &mix, Order: step.PromptsFirst, Chunk: r.IntN(3) * (50 + r.IntN(500)),
		Interval: step.Interval{N: r.IntN(6), Kind: one(step.Grid, step.After)}, Poll: r.IntN(10),
		Admit: step.Admission{Reserve: r.IntN(2) * (1 + r.IntN(500))},
		Host: step.HostHiding{Hidden: one("", step.HiddenFull, step.HiddenDrafts, step.HiddenNone),
			Graphs: one("", step.GraphsAll, step.GraphsDecode)},
		Handover: step.HandoverSet{FirstToken: one("", step.FirstPrefill, step.FirstArrival, step.FirstDecode), Poll: r.IntN(6)},
	}
	switch r.IntN(3) {
	case 0:
		s.Gather = step.Gathering{AllRanks: true, Timeout: 1 + r.IntN(40), Extra: r.IntN(8)}
	case 1:
		s.Gather = step.Gathering{Fill: r.Float64(), Timeout: 1 + r.IntN(40)}
	}
	return s
}

func anyHost(r *rand.Rand) step.HostCost {
	ms := func() units.Seconds { return units.Seconds(1e-3 * r.Float64()) }
	return step.HostCost{PerStep: ms(), Loop: ms() * 4, PerSequence: ms() / 10, Launch: ms() / 4, LaunchMany: ms(),
		Ingress: ms(), Processes: r.IntN(3), PerRequest: ms(), PerPromptToken: ms() / 100, PerOutputToken: ms() / 100}
}

// tiers are one or two stores below HBM, on a link of their own or shared.
func tiers(r *rand.Rand) func(*Config) {
	return func(c *Config) {
		link := []string{"", "pcie"}[r.IntN(2)]
		all := []kvcache.TierSpec{
			{Name: kvcache.Host, Capacity: 2e8, Rate: units.ByteRate(1e9 * float64(1+r.IntN(100))), Latency: 1e-4, Link: link},
			{Name: kvcache.NVMe, Capacity: 1e9, Rate: 2e9, Latency: 1e-3, Link: link},
		}
		c.Deployment.Cache.Tiers = slices.Clip(all[:1+r.IntN(2)])
		c.Deployment.Cache.Write = []kvcache.WritePolicy{kvcache.WriteBack, kvcache.WriteThrough}[r.IntN(2)]
	}
}

// anyTurns is a play of sessions that grow, shrink, repeat and stop.
func anyTurns(r *rand.Rand, out *trace.Session) {
	input := int32(1 + r.IntN(3000))
	out.Shared = int32(r.IntN(300))
	for i := range 1 + r.IntN(6) {
		t := trace.Turn{Input: input, Output: int32(1 + r.IntN(1+r.IntN(900))), Gap: float32(r.IntN(2)) * r.Float32()}
		if i > 0 {
			before := out.Turns[i-1]
			t.Prefix = int32(r.IntN(int(min(before.Input, t.Input)) + 1))
			if r.IntN(2) == 0 && t.Input > before.Input {
				t.Prefix = before.Input
				t.Echo = min(t.Input-t.Prefix, before.Output)
			}
		}
		out.Turns = append(out.Turns, t)
		input = max(1, min(7000, input+int32(r.IntN(1500))-300))
	}
}

func TestLawsHoldInAnyDesign(t *testing.T) {
	for seed := range uint64(300) {
		cfg := anyDesign(rand.New(rand.NewPCG(seed, 0)))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := watch(t, cfg)
			w.run(6)
			require.Positive(t, w.tally.Finished)
		})
	}
}
