package recipe

import (
	"slices"
	"strconv"
	"strings"
)

// vllm reads vLLM's flags: budget and slots are of a rank, the world is
// tp·pp·dp, and expert parallelism goes over tp·dp.
func (l *launch) vllm(p *Pool) {
	s := l.settings
	p.TP, p.PP = s.size("tensor-parallel-size"), s.size("pipeline-parallel-size")
	dp, pcp := s.size("data-parallel-size"), s.size("prefill-context-parallel-size")
	p.Ranks, p.DPAttention = dp, dp > 1
	p.AcceleratorsPerWorker = p.TP * p.PP * dp * pcp
	if s.on("enable-expert-parallel") {
		p.EP = p.TP * dp * pcp
	}
	p.TokenBudgetPerRank = s.number("max-num-batched-tokens", 1)
	p.MaxBatchPerRank = s.number("max-num-seqs", 1)
	p.Utilisation = Utilisation{s.share("gpu-memory-utilization"), "total"}
	if format := s.text("kv-cache-dtype"); format != "" && format != "auto" {
		p.KV.Format = &format
	}
	p.KV.BlockTokens = s.number("block-size", 1)
	p.Draft = l.vllmDraft()
	l.vllmStep(p)
	l.vllmContext(p, pcp)
}

func (l *launch) vllmStep(p *Pool) {
	s, more := l.settings, p.More
	more["prefix_caching"] = s.truth("enable-prefix-caching")
	more["overlap"] = s.truth("async-scheduling")
	more["chunked"] = s.truth("enable-chunked-prefill")
	if s.on("enforce-eager") || strings.EqualFold(s.text("compilation-config.cudagraph-mode"), "none") {
		more["graphs"] = false
	} else if mode := s.text("compilation-config.cudagraph-mode"); mode != "" {
		more["graph_mode"] = strings.ToLower(mode)
	}
	if sizes := s.numbers("cuda-graph-sizes"); len(sizes) > 0 {
		more["graphs"] = sizes
	} else if sizes := s.numbers("compilation-config.cudagraph-capture-sizes"); len(sizes) > 0 {
		more["graphs"] = sizes
	}
	more["graph_max_tokens"] = s.number("max-cudagraph-capture-size", 0)
	more["chunk"] = s.number("long-prefill-token-threshold", 0)
	more["max_sequence"] = s.number("max-model-len", -1)
	more["stream_interval"] = s.number("stream-interval", 1)
	if n := s.number("prefill-schedule-interval", 1); n != nil && *n > 1 {
		more["interval"] = map[string]any{"steps": *n, "kind": "grid"}
	}
	if s.on("enable-dbo") {
		more["two_batch_overlap"] = true
	}
	more["two_batch_from"] = s.number("dbo-decode-token-threshold", 0)
	more["two_batch_from_prefill"] = s.number("dbo-prefill-token-threshold", 0)
	if s.on("enable-eplb") {
		more["experts_balanced"] = true
	}
	more["redundant_experts"] = s.number("num-redundant-experts", 0)
	if n := s.number("eplb-config.num-redundant-experts", 0); n != nil {
		more["redundant_experts"] = n
	}
	more["kernels"] = join(s.text("moe-backend"), s.text("all2all-backend"), s.text("attention-backend"),
		s.text("attention-config.backend"))
	more["kv_bytes"] = s.number("kv-cache-memory-bytes", 1)
	more["kv_blocks"] = s.number("num-gpu-blocks-override", 1)
	more["offload_weights_gb"] = s.text("cpu-offload-gb")
	if size := s.text("kv-offloading-size"); size != "" {
		more["host_cache"] = map[string]any{"gib": size, "by": s.text("kv-offloading-backend")}
	}
	s.text("kv-offloading-backend")
	l.transport(p)
}

func (l *launch) vllmContext(p *Pool, pcp int) {
	s := l.settings
	context := map[string]any{}
	if dcp := s.number("decode-context-parallel-size", 1); dcp != nil {
		context["decode"] = *dcp
		if (p.TP*pcp)%*dcp != 0 {
			s.log.fail(s.at("decode-context-parallel-size"), "%d does not divide tensor-parallel-size %d", *dcp, p.TP)
		}
	}
	if pcp > 1 {
		context["prefill"] = pcp
	}
	if backend := s.text("dcp-comm-backend"); backend != "" {
		context["exchange"] = strings.ToLower(backend)
	}
	if n := s.number("dcp-kv-cache-interleave-size", 1); n != nil {
		context["interleave"] = *n
	}
	if n := s.number("cp-kv-cache-interleave-size", 1); n != nil {
		context["interleave"] = *n
	}
	if len(context) > 0 {
		p.More["context"] = context
	}
}

// transport names what moves the cache between pools.
func (l *launch) transport(p *Pool) {
	s := l.settings
	name := s.text("kv-transfer-config.kv-connector", "connector", "recipe-connector")
	if connectors := s.node("kv-transfer-config.kv-connector-extra-config.connectors"); connectors != nil {
		for _, c := range connectors.list() {
			if inner := c.get("kv_connector").string(); name == "MultiConnector" || inner == "NixlConnector" {
				name = inner
			}
			if strings.Contains(c.get("kv_connector").string(), "Offloading") ||
				strings.Contains(c.get("kv_connector").string(), "LMCache") {
				p.More["host_cache"] = map[string]any{"by": c.get("kv_connector").string()}
			}
		}
	}
	switch lower := strings.ToLower(name); {
	case lower == "" || lower == "none" || lower == "null":
	case strings.Contains(lower, "offloading"), strings.Contains(lower, "lmcache"), strings.Contains(lower, "kvbm"):
		p.More["host_cache"] = map[string]any{"by": name}
	default:
		lower = strings.TrimSuffix(strings.TrimSuffix(lower, "v1"), "connector")
		p.More["transport"] = lower
	}
}

func (l *launch) vllmDraft() Draft {
	s := l.settings
	method := s.text("speculative-config.method")
	depth := s.number("speculative-config.num-speculative-tokens", 0)
	model := s.text("speculative-config.model")
	given := method != "" || depth != nil || model != ""
	if !given {
		return Draft{Kind: noDraft}
	}
	if method == "" {
		method = inferredMethod(model)
	}
	kind, name := drafted(method)
	if kind == "" {
		s.log.fail(s.at("speculative-config.method"), "%q: no kind of draft that is known here", method)
	}
	d := Draft{Kind: kind, Name: name, Depth: depth}
	if depth != nil && *depth == 0 {
		return Draft{Kind: noDraft}
	}
	if depth != nil {
		d.Verify = pointer(*depth + 1)
	}
	d.AcceptedLength = s.float("speculative-config.synthetic-acceptance-length")
	d.Adaptive = s.on("speculative-config.enable-adaptive-verification")
	d.ByBatch = l.vllmByBatch()
	for _, rest := range []string{
		"rejection-sample-method", "draft-tensor-parallel-size", "prompt-lookup-max", "prompt-lookup-min",
		"draft-sample-method", "max-model-len", "quantization", "disable-padded-drafter-batch", "revision",
		"disable-logprobs", "moe-backend", "attention-backend", "parallel-drafting", "use-local-argmax-reduction",
		"suffix-decoding-max-tree-depth", "enforce-eager", "kv-cache-dtype", "use-heterogeneous-vocab",
	} {
		s.has("speculative-config." + rest)
	}
	return d
}

// inferredMethod is the method that vLLM takes from the name of the draft.
func inferredMethod(model string) string {
	lower := strings.ToLower(model)
	for _, name := range []string{"eagle3", "eagle-3", "eagle", "medusa", "ngram", "dflash", "dspark", "suffix"} {
		if strings.Contains(lower, name) {
			return strings.ReplaceAll(name, "eagle-3", "eagle3")
		}
	}
	if model == "" || strings.Contains(lower, "mtp") {
		return "mtp"
	}
	return "draft_model"
}

func (l *launch) vllmByBatch() [][3]*int {
	s := l.settings
	const key = "speculative-config.num-speculative-tokens-per-batch-size"
	schedule := s.node(key)
	if schedule == nil || schedule.shape != mapping {
		return nil
	}
	var out [][3]*int
	for _, f := range schedule.fields {
		from, to, ranged := strings.Cut(f.key, "-")
		a, err := strconv.Atoi(strings.TrimSpace(from))
		b := a
		var err2 error
		if ranged {
			b, err2 = strconv.Atoi(strings.TrimSpace(to))
		}
		depth, ok := f.value.integer()
		if err != nil || err2 != nil || !ok || depth < 0 || a > b {
			s.log.fail(s.at(key), "%q: want a range of batch sizes such as 1-16 and a depth", f.key)
			return nil
		}
		out = append(out, [3]*int{&a, &b, &depth})
	}
	slices.SortFunc(out, func(a, b [3]*int) int { return *a[0] - *b[0] })
	return out
}

func join(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool {
		return t == "" || strings.EqualFold(t, "none") || strings.EqualFold(t, "auto")
	}), " ")
}
