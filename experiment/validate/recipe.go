package validate

import (
	"fmt"
	"math/bits"
	"strconv"

	"agentsim/models/hardware"
	"agentsim/models/kvcache"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/units"
)

// Tables record the shape of a deployment, but not the limits its engine was
// started with nor every number format. These follow from the rules below, the
// same for all rows: defaults of the engines, and what their public benchmark
// recipes set, which their presets hold.

// The vendors, as accelerator presets name them.
const (
	nvidia = "nvidia"
	amd    = "amd"
)

// deployment expresses a case. An error says what cannot be expressed.
func deployment(c *Case, e *step.EngineSpec, s *hardware.System, m *llm.Spec) (serve.DeploymentSpec, error) {
	d := serve.DeploymentSpec{
		Mode:      c.Mode,
		Precision: precision(c, e, s, m),
		Router:    serve.ConversationAffinity, // sessions of one call: to the rank with the fewest calls
		Hold:      hold(c, e, s),
		// The default of modelling.md 2.1: random tokens do not spread evenly either.
		Experts: serve.ExpertsSpec{Popularity: moe.Popularity{Kind: moe.Lognormal, Sigma: 0.6},
			Placement: moe.Placement{Kind: moe.Contiguous}},
		Cache: cache(c),
	}
	if c.Weights == string(hardware.INT4) && d.Precision.Experts != hardware.INT4 {
		d.ExpertsPath = marlin
	}
	decode := pool(c.Decode)
	decode.MaxBatchPerRank = batchLimit(c, e)
	if c.MTP {
		decode.Draft = draft(c)
	}
	if c.Mode == aggregated {
		decode.TokenBudget = e.Recipes.BudgetFor(c.Input)
		d.Aggregated = decode
		return d, checkHeads(c.Decode, m)
	}
	d.Router = serve.LeastLoaded
	d.Decode = decode
	d.Prefill = pool(c.Prefill)
	d.Prefill.TokenBudget = e.Recipes.BudgetFor(c.Input)
	if err := checkHeads(c.Prefill, m); err != nil {
		return d, err
	}
	return d, checkHeads(c.Decode, m)
}

func pool(p Pool) *serve.PoolSpec {
	return &serve.PoolSpec{Workers: p.Workers, Shape: step.Shape{Accelerators: p.Accelerators, TP: p.TP, EP: p.EP,
		DPAttention: p.DPAttention}}
}

// checkHeads refuses tensor parallelism that would split a query head.
func checkHeads(p Pool, m *llm.Spec) error {
	for _, b := range m.Blocks {
		if heads := max(b.Attention.Heads, b.Attention.ValueHeads); heads%p.TP != 0 {
			return fmt.Errorf("tp %d does not divide the %d heads of %s", p.TP, heads, m.Name)
		}
	}
	return nil
}

// batchMax is the most sequences of a rank where nothing else limits them
// (vLLM's max_num_seqs on large accelerators).
const batchMax = 1024

// batchLimit is the most sequences a rank decodes at once. Recipes with powers of
// two offer up to a third more requests than fit, so that no slot is ever empty.
func batchLimit(c *Case, e *step.EngineSpec) int {
	if !e.Recipes.PowersOfTwo || c.Mode != disaggregated {
		return batchMax
	}
	ranks := max(1, c.Decode.Workers*c.Decode.Accelerators/c.Decode.TP)
	offered := float64(c.Concurrency) / float64(ranks)
	below := 1 << (bits.Len(uint(max(1, offered))) - 1)
	const surplus = 1.32 // 4 requests for 3 slots are the highest on record: 1.33 already means free slots
	if offered > surplus*float64(below) {
		below *= 2
	}
	return min(below, batchMax)
}

// hold is how schedulers gather prompts.
func hold(c *Case, e *step.EngineSpec, s *hardware.System) serve.HoldSpec {
	if c.Mode != aggregated {
		return serve.HoldSpec{}
	}
	var h serve.HoldSpec
	if native4(s) && s.Accelerator.Vendor == nvidia {
		h.Poll = e.Recipes.Poll.At(c.Concurrency, c.Date)
	}
	if c.Decode.DPAttention {
		h.Balance = e.Recipes.Balance
	}
	return h
}

// cache is off for requests of fixed length, which share nothing.
func cache(c *Case) serve.CacheSpec {
	if !c.Agents() {
		return serve.CacheSpec{Off: true, ReserveTokens: max(1, c.Output/2)} // half an answer, the mean of those under way
	}
	spec := serve.CacheSpec{}
	if c.Load.Offload == "dram" || c.Load.Offload == "mooncake" {
		// The recipes of AgentX give a rank 220 GiB of host memory; PCIe 5.0 or
		// C2C moves it at 50 GB/s and more.
		spec.Tiers = []kvcache.TierSpec{{
			Name:     kvcache.Host,
			Capacity: units.Bytes(220 << 30),
			Rate:     units.ByteRate(50e9),
			Latency:  units.Seconds(10e-6),
		}}
	}
	return spec
}

// depthOpen reports whether a case's recipe was set to its batch: those of
// workers that decode alone with data-parallel attention have one to three draft
// tokens, each batch its own (TensorRT-LLM's blog 26: "GEN DEP8..32, MTP1-3").
func (c *Case) depthOpen() bool {
	return c.MTP && c.Draft.Depth == 0 && c.Draft.Name != "dspark" && c.Decode.DPAttention && c.Mode == disaggregated &&
		!c.Agents()
}

// depthMost is the most draft tokens of such recipes.
const depthMost = 3

// draftDepth is the number of draft tokens. Where it is not recorded: the most
// that the draft's recipes set, or of MTP three, and one where attention is data
// parallel, as recipes for requests of fixed length serve large batches.
func draftDepth(c *Case) int {
	switch {
	case c.Draft.Depth > 0:
		return c.Draft.Depth
	case c.Draft.Name == "dspark":
		return 6 // DSpark's block of the checkpoint of August 2026, as its recipes set it
	case c.Decode.DPAttention && !c.Agents():
		return 1
	}
	return 3
}

// draft is a row's speculation. Where it is not recorded how much is accepted,
// nobody knows: the model's mean stands for it.
func draft(c *Case) *step.DraftSpec {
	d := &step.DraftSpec{Name: c.Draft.Name, Kind: step.RecurrentDraft, Depth: draftDepth(c), Accepted: step.UnknownLength}
	if d.Name == "dspark" || d.Name == "dflash" {
		d.Kind = step.BlockDraft
	}
	if accepted := min(c.Draft.Accepted, float64(d.Depth+1)); accepted > 0 {
		d.Accepted = step.AcceptedLength(strconv.FormatFloat(accepted, 'g', -1, 64))
	}
	return d
}

// marlin is the path of the kernels that unpack 4-bit weights on Hopper.
const marlin = "marlin-w4a16"

// fp4 is the tables' name for the 4-bit format of the accelerator's vendor.
const fp4 = "fp4"

// precision resolves the formats that a row leaves open.
func precision(c *Case, e *step.EngineSpec, s *hardware.System, m *llm.Spec) step.Precision {
	p := step.Precision{Experts: hardware.Format(c.Weights), Dense: hardware.FP8, KV: hardware.Format(c.KVCache)}
	switch c.Weights {
	case "":
		p.Experts = m.Weights.Experts
	case fp4:
		p.Experts = hardware.NVFP4
		if s.Accelerator.Vendor == amd || m.Weights.Experts == hardware.MXFP4 {
			p.Experts = hardware.MXFP4
		}
	}
	if p.Experts == hardware.INT4 && !native4(s) {
		p.Experts = hardware.MXFP4 // Marlin unpacks both alike; its kernels are kept under this name
	}
	if p.Experts != hardware.FP8 {
		p.Dense = m.Weights.Dense // 4-bit checkpoints leave attention as published, or mix BF16 and 4 bit
	}
	if hardware.BytesPerWeight(p.KV) == 0 { // not recorded, or not as a format
		p.KV = cacheFormat(e, s)
	}
	return p
}

// cacheFormat is the cache's format where it is not recorded: FP8, as recipes
// set it, but for engines whose recipes leave it at another where nothing computes
// in 4 bits, as on Hopper and CDNA 3.
func cacheFormat(e *step.EngineSpec, s *hardware.System) hardware.Format {
	if e.Recipes.KV != "" && !native4(s) {
		return e.Recipes.KV
	}
	return hardware.FP8
}

// native4 says whether the accelerator computes in a 4-bit format.
func native4(s *hardware.System) bool {
	return s.Accelerator.Compute[hardware.NVFP4] > 0 || s.Accelerator.Compute[hardware.MXFP4] > 0
}
