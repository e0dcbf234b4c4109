package recipe

import (
	"fmt"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"agentsim/models/hardware"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
)

// deploy turns pools into the deployment of a scenario. What the files leave
// open is filled with the engine's defaults (engine-schedulers.md), each said.
func (out *Recipe) deploy(r *reader) {
	spec := &serve.DeploymentSpec{Mode: serve.Disaggregated, Router: out.policy(), Precision: out.precision()}
	for _, role := range []string{"prefill", "decode", "mixed"} {
		p := out.Pools[role]
		if p == nil {
			continue
		}
		pool := out.poolSpec(role, p)
		switch role {
		case "prefill":
			spec.Prefill = pool
		case "decode":
			spec.Decode = pool
		default:
			spec.Mode, spec.Aggregated = serve.Aggregated, pool
		}
	}
	if len(out.Pools) > 2 || spec.Mode == serve.Aggregated && len(out.Pools) > 1 {
		out.assume("no deployment: a scenario has aggregated workers, or prefill and decode, not both")
		return
	}
	out.policies(spec)
	out.experts(spec)
	if err := spec.Validate(); err != nil {
		out.assume("no deployment: %v", err)
		return
	}
	text, err := yaml.Marshal(spec)
	if err == nil {
		text, err = yaml.YAMLToJSON(text)
	}
	if err != nil {
		r.fail(place{}, "the deployment cannot be written: %v", err)
		return
	}
	out.Deployment = []byte(strings.TrimSpace(string(text)))
}

func (out *Recipe) assume(format string, args ...any) {
	out.Assumed = append(out.Assumed, fmt.Sprintf(format, args...))
}

// policy is the simulator's router that is nearest to the recipe's.
func (out *Recipe) policy() string {
	policy := ""
	if out.Router.Policy != nil {
		policy = strings.ReplaceAll(strings.ToLower(*out.Router.Policy), "_", "-")
	}
	weights, _ := out.Router.Prefill.(map[string]any)
	if weights == nil {
		weights, _ = out.Router.Decode.(map[string]any)
	}
	named, _ := out.Router.Prefill.(string)
	_, prefix := weights["prefix-cache"]
	if _, precise := weights["precise-prefix-cache"]; precise {
		prefix = true
	}
	switch {
	case out.Router.AffinitySeconds != nil, strings.Contains(policy, "consistent"), strings.Contains(policy, "session"):
		return serve.ConversationAffinity
	case policy == "kv", strings.Contains(policy, "cache-aware"), prefix, strings.Contains(named, "cache_aware"):
		return serve.KVAware
	case policy == "least-loaded", policy == "scorers", named == "load_balancing":
		return serve.LeastLoaded
	case policy == "power-of-two":
		return serve.PowerOfTwo
	case policy == "round-robin", named == "round_robin":
		return serve.RoundRobin
	case policy == "random":
		out.assume("router: random is served as round-robin")
		return serve.RoundRobin
	}
	router := serve.LeastLoaded // vLLM's front end counts waiting and running, TensorRT-LLM's ranks tokens
	if out.Engine.Family == sglang || out.Router.Kind == "dynamo" {
		router = serve.RoundRobin
	}
	out.assume("router: %s, the default of %s", router, out.Engine.Family)
	return router
}

// precision takes formats from the recipe's words and the model's name.
func (out *Recipe) precision() step.Precision {
	model := ""
	if out.Model != nil {
		model = strings.ToLower(*out.Model)
	}
	weights := ""
	if out.Weights != nil {
		weights = *out.Weights
	}
	p := step.Precision{Experts: hardware.BF16, Dense: hardware.BF16, KV: hardware.BF16}
	switch {
	case strings.Contains(model, "nvfp4"), strings.Contains(weights, "nvfp4"):
		p.Experts, p.Dense = hardware.NVFP4, hardware.FP8
	case strings.Contains(model, "mxfp4"), strings.Contains(weights, "mxfp4"), strings.Contains(model, "gpt-oss"):
		p.Experts = hardware.MXFP4
	case strings.Contains(model, "deepseek-v4"), strings.Contains(weights, "fp4"):
		p.Experts, p.Dense = hardware.NVFP4, hardware.FP8
		if strings.Contains(model, "deepseek-v4") {
			p.Experts = hardware.MXFP4
		}
	case strings.Contains(weights, "fp8"), strings.Contains(model, "fp8"), strings.Contains(model, "deepseek"):
		p.Experts, p.Dense = hardware.FP8, hardware.FP8
	case strings.Contains(weights, "int4"), strings.Contains(model, "kimi-k2"), strings.Contains(model, "awq"):
		p.Experts = hardware.INT4
	}
	out.assume("precision: experts %s, dense %s, from the name of the model and its weights", p.Experts, p.Dense)
	said := false
	for _, role := range []string{"decode", "mixed", "prefill"} {
		if pool := out.Pools[role]; pool != nil && pool.KV.Format != nil && !said {
			said = true
			if strings.HasPrefix(*pool.KV.Format, "fp8") {
				p.KV = hardware.FP8
			} else if strings.Contains(*pool.KV.Format, "fp4") {
				p.KV = hardware.NVFP4
			}
		}
	}
	if !said {
		out.assume("precision.kv: bf16, since no file names a format")
	}
	return p
}

// poolSpec is a pool of a scenario. Copies without DP attention are workers of
// their own.
func (out *Recipe) poolSpec(role string, p *Pool) *serve.PoolSpec {
	used := p.AcceleratorsPerRank * p.Ranks
	dcp, pcp, exchange := p.context()
	spec := &serve.PoolSpec{Workers: p.Workers, Shape: step.Shape{
		Accelerators: used,
		TP:           used / p.Ranks / p.PP / pcp,
		EP:           p.EP,
		PP:           p.PP,
		DPAttention:  p.DPAttention,
		DCPComm:      exchange,
	}}
	if dcp > 1 {
		spec.DCP = dcp
	}
	if pcp > 1 {
		spec.PCP = pcp
	}
	if !p.DPAttention && p.Ranks > 1 {
		spec.Workers, spec.Accelerators = p.Workers*p.Ranks, p.AcceleratorsPerRank
		spec.EP = min(p.EP, spec.Accelerators)
	}
	if p.PP == 1 {
		spec.PP = 0
	}
	chunk, slots, why := out.defaults(p)
	if spec.TokenBudget = chunk; p.TokenBudgetPerRank != nil {
		spec.TokenBudget = *p.TokenBudgetPerRank
	} else if role != "decode" {
		out.assume("%s.token_budget: %d, %s", role, chunk, why)
	}
	if spec.MaxBatchPerRank = slots; p.MaxBatchPerRank != nil {
		spec.MaxBatchPerRank = *p.MaxBatchPerRank
	} else if role != "prefill" {
		out.assume("%s.max_batch_per_rank: %d, %s", role, slots, why)
	}
	if role == "decode" && p.TokenBudgetPerRank == nil {
		spec.TokenBudget = 0
	}
	if role == "prefill" && p.MaxBatchPerRank == nil {
		spec.MaxBatchPerRank = 0
	}
	spec.Draft = out.speculation(role, &p.Draft)
	out.left(role, p)
	return spec
}

// speculation is a pool's drafts in a scenario; nil = none.
func (out *Recipe) speculation(role string, d *Draft) *step.DraftSpec {
	switch {
	case d.Kind == noDraft || d.Kind == "":
		return nil
	case d.Depth == nil:
		out.assume("%s.draft: none, since no file says how deep %s drafts", role, d.Name)
		return nil
	case *d.Depth == 0:
		return nil
	}
	spec := &step.DraftSpec{Name: d.Name, Kind: d.Kind, Depth: *d.Depth}
	if d.Kind == small {
		spec.Kind = step.RecurrentDraft
		out.assume("%s.draft: the small model is priced as the model's own draft layer", role)
	}
	if d.Verify != nil && *d.Verify != spec.Depth+1 {
		spec.Verify = *d.Verify
	}
	if length := d.AcceptedLength; length != nil && *length >= 1 && *length <= float64(spec.Verified()) {
		spec.Accepted = step.AcceptedLength(fmt.Sprint(*length))
	} else {
		spec.Accepted = step.UnknownLength
		out.assume("%s.draft.accepted_length: unknown, since no file says how much is accepted", role)
	}
	const end = 1 << 20 // sequences: more than any rank holds
	for _, r := range d.ByBatch {
		if r[0] == nil || r[2] == nil || *r[2] > spec.Depth {
			continue
		}
		if spec.ByBatch == nil {
			spec.ByBatch = map[string]int{}
		}
		to := end
		if r[1] != nil {
			to = *r[1]
		}
		spec.ByBatch[fmt.Sprintf("%d-%d", max(1, *r[0]), to)] = *r[2]
	}
	return spec
}

// left lists what a pool has that is not part of the deployment.
func (out *Recipe) left(role string, p *Pool) {
	taken := map[string]bool{"prefix_caching": true, "mixed": true, "poll": true, "balance": true, "max_sequence": true,
		"transport": true, "kernels": true, "experts_balanced": true, "redundant_experts": true, "nodes": true,
		"context": true}
	var left []string
	for key := range p.More {
		if !taken[key] {
			left = append(left, key)
		}
	}
	sort.Strings(left)
	if len(left) > 0 {
		out.assume("%s: not part of the deployment: %s", role, strings.Join(left, ", "))
	}
}

// defaults are the engine's own limits of a rank (engine-schedulers.md section
// 1): vLLM's server from 70 GiB of memory on, SGLang's by memory, and
// TensorRT-LLM's.
func (out *Recipe) defaults(p *Pool) (chunk, slots int, why string) {
	chip := ""
	if out.Accelerator != nil {
		chip = *out.Accelerator
	}
	tiny := chip == "l40s" || chip == "b60" // memory below 70 GiB
	switch out.Engine.Family {
	case vllm:
		if tiny || chip == "a100" {
			return 2048, 256, "vLLM's default below 70 GiB of memory and on A100"
		}
		return 8192, 1024, "vLLM's default from 70 GiB of memory on"
	case sglang:
		chunk = 8192
		switch {
		case chip == "b60":
			chunk = 2048
		case strings.HasPrefix(chip, "b200"), strings.HasPrefix(chip, "b300"), strings.HasPrefix(chip, "gb"),
			strings.HasPrefix(chip, "mi3"):
			chunk = 16384
		}
		slots, why = 2048, "SGLang's default by memory, at least 2048 sequences"
		if p.Draft.Kind != noDraft {
			slots, why = 48, "SGLang's default by memory, with speculation 48 sequences"
		}
		if p.DPAttention {
			chunk, slots = max(1, chunk/p.Ranks), max(1, slots/p.Ranks)
		}
		return chunk, slots, why
	}
	return 8192, 2048, "TensorRT-LLM's default"
}

// experts says how tokens spread, which no file of an engine does.
func (out *Recipe) experts(spec *serve.DeploymentSpec) {
	const sigma, drift = 0.6, 0.2 // as the scenarios that come with the program
	spec.Experts.Popularity = moe.Popularity{Kind: moe.Lognormal, Sigma: sigma, Drift: drift}
	spec.Experts.Placement.Kind = moe.Contiguous
	redundant := map[int]bool{}
	for _, p := range out.Pools {
		if balanced, _ := p.More["experts_balanced"].(bool); balanced {
			spec.Experts.Placement.Kind = moe.EPLB
		}
		n, _ := p.More["redundant_experts"].(int)
		redundant[n] = true
	}
	if len(redundant) == 1 && spec.Experts.Placement.Kind == moe.EPLB {
		for n := range redundant {
			spec.Experts.Placement.Redundant = n
		}
	} else if len(redundant) > 1 {
		out.assume("experts.placement.redundant: 0, since the pools differ")
	}
	out.assume("experts: popularity lognormal with sigma %g and drift %g, placement %s", sigma, drift,
		spec.Experts.Placement.Kind)
}

// policies carries over what holds for the whole deployment.
func (out *Recipe) policies(spec *serve.DeploymentSpec) {
	for _, role := range []string{"prefill", "mixed"} {
		p := out.Pools[role]
		if p == nil {
			continue
		}
		if cached, ok := p.More["prefix_caching"].(bool); ok && !cached {
			spec.Cache.Off = true
		}
		if role == "prefill" {
			continue
		}
		if mixed, _ := p.More["mixed"].(bool); out.Engine.Family == sglang && !mixed {
			spec.Batching = serve.PrefillPriority
		}
		if n, ok := p.More["poll"].(int); ok {
			spec.Hold.Poll = n
		}
		if balance, ok := p.More["balance"].(map[string]any); ok {
			if n, ok := balance["timeout"].(int); ok {
				spec.Hold.Balance = n
			}
		}
	}
}
