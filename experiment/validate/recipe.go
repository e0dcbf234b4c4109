package validate

import (
	"fmt"
	"math/bits"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
)

// Tables record the shape of a deployment but not the limits that its engine
// was started with. These follow from the engine alone, the same for all rows:
// defaults of the engines and the settings of the public benchmark recipes
// (github.com/SemiAnalysisAI/InferenceX 843c6254, benchmarks/).

// The engine families with rules of their own.
const (
	trtllm = "trtllm"
	sglang = "sglang"
	vllm   = "vllm"
	atom   = "atom"
)

// Token budgets of one step of one attention rank.
const (
	budgetVLLM   = 8192  // max_num_batched_tokens of the API server
	budgetATOM   = 16384 // max_num_batched_tokens
	budgetSGLang = 16384 // chunked_prefill_size where memory allows
	budgetTRT    = 8192  // max_num_tokens
)

// batchMax is the number of running sequences that engines allow per rank
// where nothing else limits them (vLLM max_num_seqs, TensorRT-LLM recipes).
const batchMax = 1024

// deployment expresses a case.
func deployment(c *Case, s *hardware.System, m *llm.Spec) (serve.DeploymentSpec, error) {
	d := serve.DeploymentSpec{
		Mode:      c.Mode,
		Precision: precision(c, s, m),
		Router:    serve.ConversationAffinity, // sessions of one call: the rank with the fewest calls takes the next
		Batching:  serve.Mixed,
		Experts: serve.ExpertsSpec{Popularity: moe.Popularity{Kind: moe.Uniform},
			Placement: moe.Placement{Kind: moe.Contiguous}},
		Cache: serve.CacheSpec{Off: true, ReserveTokens: c.Output},
	}
	if c.Engine == sglang {
		d.Batching = serve.PrefillPriority
	}
	decode := pool(c, c.Decode, m)
	decode.MaxBatchPerRank = batchLimit(c)
	if c.MTP {
		decode.DraftTokens = draftDepth(c, m)
	}
	if c.Mode == aggregated {
		decode.TokenBudget = tokenBudget(c)
		d.Aggregated = decode
		return d, checkHeads(c.Decode, m)
	}
	d.Router = serve.LeastLoaded
	d.Decode = decode
	d.Prefill = pool(c, c.Prefill, m)
	d.Prefill.TokenBudget = tokenBudget(c)
	if err := checkHeads(c.Prefill, m); err != nil {
		return d, err
	}
	return d, checkHeads(c.Decode, m)
}

func pool(c *Case, p Pool, m *llm.Spec) *serve.PoolSpec {
	return &serve.PoolSpec{Workers: p.Workers, Shape: step.Shape{Accelerators: p.Accelerators, TP: p.TP, EP: p.EP,
		DPAttention: p.DPAttention}}
}

// checkHeads refuses tensor parallelism that would split a query head.
func checkHeads(p Pool, m *llm.Spec) error {
	for _, b := range m.Blocks {
		heads := max(b.Attention.Heads, b.Attention.ValueHeads)
		if p.TP > heads || heads%p.TP != 0 {
			return fmt.Errorf("tp %d does not divide the %d heads of %s", p.TP, heads, m.Name)
		}
	}
	return nil
}

// tokenBudget is the most prompt tokens of one step of one rank.
func tokenBudget(c *Case) int {
	switch c.Engine {
	case vllm:
		return budgetVLLM
	case atom:
		return budgetATOM
	case sglang:
		return budgetSGLang
	}
	return max(budgetTRT, c.Input)
}

// batchLimit is the most sequences a rank decodes at once. Recipes for
// TensorRT-LLM with separate pools capture decode graphs for a power of two of
// sequences and allow no more; the benchmark then offers up to a third more
// than fit, so that no slot is ever empty.
func batchLimit(c *Case) int {
	if c.Engine != trtllm || c.Mode != disaggregated {
		return batchMax
	}
	ranks := c.Decode.Workers * c.Decode.Accelerators / max(1, c.Decode.TP)
	offered := float64(c.Concurrency) / float64(max(1, ranks))
	below := 1 << (bits.Len(uint(max(1, offered))) - 1)
	const surplus = 1.35
	if offered > surplus*float64(below) {
		below *= 2
	}
	return min(below, batchMax)
}

// draftDepth is the number of draft tokens. It is not recorded: recipes draft
// three tokens, and one where attention is data parallel, which is how they
// serve large batches.
func draftDepth(c *Case, m *llm.Spec) int {
	depth := 3
	if c.Decode.DPAttention {
		depth = 1
	}
	return min(depth, len(m.Acceptance))
}

// fp4 is the table's name for the 4-bit format of the accelerator's vendor.
const fp4 = "fp4"

// precision resolves the formats that a row leaves open.
func precision(c *Case, s *hardware.System, m *llm.Spec) step.Precision {
	p := step.Precision{Experts: hardware.Format(c.Weights), Dense: hardware.FP8, KV: hardware.Format(c.KVCache)}
	if c.Weights == fp4 {
		p.Experts = hardware.NVFP4
		if s.Accelerator.Vendor == "amd" || m.Weights.Experts == hardware.MXFP4 {
			p.Experts = hardware.MXFP4
		}
	}
	if c.Weights != string(hardware.FP8) {
		p.Dense = m.Weights.Dense // quantised checkpoints leave attention as published
	}
	if p.KV == "" {
		p.KV = cacheFormat(c, s)
	}
	return p
}

// cacheFormat is the format of the cache where it is not recorded: FP8, as all
// recipes set it, but for SGLang and vLLM on Hopper, which leave it at BF16.
func cacheFormat(c *Case, s *hardware.System) hardware.Format {
	_, hasFP4 := s.Accelerator.Compute[hardware.NVFP4]
	if (c.Engine == sglang || c.Engine == vllm) && s.Accelerator.Vendor == "nvidia" && !hasFP4 {
		return hardware.BF16
	}
	return hardware.FP8
}
