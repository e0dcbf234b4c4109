package recipe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/step"
	"agentsim/serve"
)

// Dynamo is what Write makes manifests for; the other targets are engines.
const Dynamo = "dynamo"

// Target is what Write writes for.
type Target struct {
	For         string  // vllm | sglang | trtllm | dynamo
	Engine      string  // family under dynamo
	Model       string  // name or path of the checkpoint
	Utilisation float64 // share of memory; 0 = left to the engine
	NodeSize    int     // accelerators of a node; 0 = any number
}

// Output is a file that Write makes.
type Output struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// writer makes flags of a deployment.
type writer struct {
	target Target
	family string
	d      *serve.DeploymentSpec
}

// Write gives the files that run a deployment. It fails where the engine
// cannot run it, naming the field.
func Write(d *serve.DeploymentSpec, target Target) ([]Output, error) {
	w := writer{target: target, family: target.For, d: d}
	if target.For == Dynamo {
		w.family = target.Engine
	}
	if !slices.Contains([]string{vllm, sglang, trtllm}, w.family) {
		return nil, fmt.Errorf("--for %s, engine %q: want vllm, sglang or trtllm, or dynamo with one of these",
			target.For, w.family)
	}
	if d.Mode == serve.Auto {
		return nil, fmt.Errorf("deployment.mode: auto names no deployment yet: take the one that capacity reports")
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("deployment.%w", err)
	}
	if !wordLike(target.Model) {
		return nil, fmt.Errorf("model %q: want a name or path", target.Model)
	}
	for _, p := range d.Pools() {
		if err := w.fits(p); err != nil {
			return nil, err
		}
	}
	if target.For == Dynamo {
		return w.manifest()
	}
	return w.commands()
}

func wordLike(text string) bool {
	return text != "" && !strings.ContainsAny(text, " \t\n'\"$`\\;&|<>(){}*?#!=") && !strings.HasPrefix(text, "-")
}

// fits reports what an engine cannot run.
func (w writer) fits(p serve.NamedPool) error {
	s := p.Spec.Normalised()
	stage := s.Accelerators / s.PP
	if d := p.Spec.Speculation(); p.Decodes() || d.Drafts() {
		if field, why := unlike(w.family, &d); field != "" {
			return fmt.Errorf("deployment.%s.%s: %s", p.Name, field, why)
		}
	}
	switch {
	case w.family == vllm && s.EP != 1 && s.EP != stage:
		return fmt.Errorf("deployment.%s.ep: %d: vLLM's expert parallelism takes all %d accelerators of a stage, or 1",
			p.Name, s.EP, stage)
	case w.family == trtllm && s.DPAttention && s.TP > s.DCP:
		return fmt.Errorf("deployment.%s.tp: %d: attention DP of TensorRT-LLM has one accelerator a rank, or dcp of them",
			p.Name, s.TP)
	case w.family == trtllm && s.PCP > 1:
		return fmt.Errorf("deployment.%s.pcp: %d: TensorRT-LLM divides contexts while it decodes (dcp), not prompts: want 1",
			p.Name, s.PCP)
	case w.family == sglang && s.DCPComm != "":
		return fmt.Errorf("deployment.%s.dcp_comm: %s: SGLang has no flag for it: leave it out", p.Name, s.DCPComm)
	case w.family == trtllm && s.DCP > 1 && s.DCPComm != step.AllToAll:
		return fmt.Errorf("deployment.%s.dcp_comm: want %s, the only exchange of TensorRT-LLM", p.Name, step.AllToAll)
	case s.DPAttention && s.Ranks() == 1:
		return fmt.Errorf("deployment.%s.dp_attention: of one rank: leave it out", p.Name)
	case w.family == vllm && s.TokenBudget > 0 && s.TokenBudget < s.MaxBatchPerRank:
		return fmt.Errorf("deployment.%s.token_budget: %d for %d sequences: vLLM wants at least one token a sequence",
			p.Name, s.TokenBudget, s.MaxBatchPerRank)
	}
	return nil
}

// option is a flag with its value; empty = none.
type option struct{ key, value string }

// options are the engine's settings for a pool.
func (w writer) options(p serve.NamedPool) []option {
	switch w.family {
	case vllm:
		return w.vllmOptions(p)
	case sglang:
		return w.sglangOptions(p)
	}
	return w.trtllmOptions(p)
}

func (w writer) kv(name map[hardware.Format]string) string { return name[w.d.Precision.KV] }

func (w writer) vllmOptions(p serve.NamedPool) []option {
	s := p.Spec.Normalised()
	o := []option{{"tensor-parallel-size", strconv.Itoa(s.TP)}}
	o = positive(o, "pipeline-parallel-size", s.PP, 1)
	o = positive(o, "data-parallel-size", s.Ranks(), 1)
	o = positive(o, "decode-context-parallel-size", s.DCP, 1)
	o = positive(o, "prefill-context-parallel-size", s.PCP, 1)
	if s.DCPComm != "" {
		o = append(o, option{"dcp-comm-backend", s.DCPComm})
	}
	if s.EP > 1 {
		o = append(o, option{"enable-expert-parallel", ""})
	}
	o = positive(o, "max-num-batched-tokens", s.TokenBudget, 0)
	o = positive(o, "max-num-seqs", s.MaxBatchPerRank, 0)
	o = w.share(o, "gpu-memory-utilization")
	if kv := w.kv(map[hardware.Format]string{hardware.FP8: "fp8", hardware.NVFP4: "nvfp4"}); kv != "" {
		o = append(o, option{"kv-cache-dtype", kv})
	}
	if d := p.Spec.Speculation(); d.Drafts() {
		o = append(o, option{"speculative-config", vllmSpeculation(&d)})
	}
	if w.d.Cache.Off {
		o = append(o, option{"no-enable-prefix-caching", ""})
	}
	roles := map[string]string{"prefill": "kv_producer", "decode": "kv_consumer"}
	if role := roles[p.Name]; role != "" {
		o = append(o, option{"kv-transfer-config", fmt.Sprintf(`{"kv_connector":"NixlConnector","kv_role":%q}`, role)})
	}
	return o
}

func positive(o []option, key string, n, above int) []option {
	if n > above {
		return append(o, option{key, strconv.Itoa(n)})
	}
	return o
}

func (w writer) share(o []option, key string) []option {
	if u := w.target.Utilisation; u > 0 && u <= 1 {
		return append(o, option{key, strconv.FormatFloat(u, 'g', -1, 64)})
	}
	return o
}

func (w writer) sglangOptions(p serve.NamedPool) []option {
	s := p.Spec.Normalised()
	ranks := 1
	o := []option{{"tp-size", strconv.Itoa(s.Accelerators / s.PP)}}
	o = positive(o, "pp-size", s.PP, 1)
	if s.DPAttention {
		ranks = s.Ranks()
		o = append(o, option{"dp-size", strconv.Itoa(ranks)}, option{"enable-dp-attention", ""})
	}
	o = positive(o, "dcp-size", s.DCP, 1)
	o = positive(o, "attn-cp-size", s.PCP, 1)
	o = positive(o, "ep-size", s.EP, 1)
	o = positive(o, "chunked-prefill-size", s.TokenBudget*ranks, 0)
	o = positive(o, "max-running-requests", s.MaxBatchPerRank*ranks, 0)
	o = w.share(o, "mem-fraction-static")
	if kv := w.kv(map[hardware.Format]string{hardware.FP8: "fp8_e4m3", hardware.NVFP4: "fp4_e2m1"}); kv != "" {
		o = append(o, option{"kv-cache-dtype", kv})
	}
	o = append(o, sglangSpeculation(p)...)
	if w.d.Cache.Off {
		o = append(o, option{"disable-radix-cache", ""})
	}
	if p.Name == "prefill" || p.Name == "decode" {
		return append(o, option{"disaggregation-mode", p.Name}, option{"disaggregation-transfer-backend", "nixl"})
	}
	o = positive(o, "scheduler-recv-interval", w.d.Hold.Poll, 0)
	if w.d.Batching != serve.PrefillPriority {
		o = append(o, option{"enable-mixed-chunk", ""})
	}
	return o
}

// trtllmOptions are in the form of a configuration file: dots are mappings.
func (w writer) trtllmOptions(p serve.NamedPool) []option {
	s := p.Spec.Normalised()
	o := []option{{"tensor_parallel_size", strconv.Itoa(s.Accelerators / s.PP / s.DCP)}}
	o = positive(o, "pipeline_parallel_size", s.PP, 1)
	if s.DCP > 1 {
		o = append(o, option{"context_parallel_size", strconv.Itoa(s.DCP)}, option{"cp_config.cp_type", "HELIX"})
	}
	o = positive(o, "moe_expert_parallel_size", s.EP, 1)
	if s.DPAttention {
		o = append(o, option{"enable_attention_dp", "true"})
		if n := w.d.Hold.Balance; n > 0 && p.Name == serve.Aggregated {
			o = append(o, option{"attention_dp_config.enable_balance", "true"},
				option{"attention_dp_config.timeout_iters", strconv.Itoa(n)})
		}
	}
	o = positive(o, "max_num_tokens", s.TokenBudget, 0)
	o = positive(o, "max_batch_size", s.MaxBatchPerRank, 0)
	o = append(o, option{"enable_chunked_prefill", "true"})
	if kv := w.kv(map[hardware.Format]string{hardware.FP8: "fp8", hardware.NVFP4: "nvfp4"}); kv != "" {
		o = append(o, option{"kv_cache_config.dtype", kv})
	}
	o = append(o, option{"kv_cache_config.enable_block_reuse", strconv.FormatBool(!w.d.Cache.Off)})
	o = append(o, trtllmSpeculation(p)...)
	if p.Name != serve.Aggregated {
		o = append(o, option{"cache_transceiver_config.backend", "NIXL"})
	}
	return o
}

// configuration writes options as YAML of at most two levels.
func configuration(options []option) string {
	var b strings.Builder
	open := ""
	for _, o := range options {
		head, rest, nested := strings.Cut(o.key, ".")
		if !nested {
			fmt.Fprintf(&b, "%s: %s\n", o.key, o.value)
			open = ""
			continue
		}
		if head != open {
			fmt.Fprintf(&b, "%s:\n", head)
			open = head
		}
		fmt.Fprintf(&b, "  %s: %s\n", rest, o.value)
	}
	return b.String()
}

// arguments writes options as words.
func arguments(options []option) []string {
	var words []string
	for _, o := range options {
		words = append(words, "--"+o.key)
		if o.value != "" {
			words = append(words, o.value)
		}
	}
	return words
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(out)
}
