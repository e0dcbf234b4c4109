package recipe

import (
	"strconv"
	"strings"
)

// sglang reads SGLang's flags: the world is tp·pp, and under DP attention dp
// divides tp, the chunk and the slots. Without it, dp makes copies.
func (l *launch) sglang(p *Pool) {
	s := l.settings
	p.TP, p.PP, p.EP = s.size("tp-size"), s.size("pp-size"), s.size("ep-size")
	dp := s.size("dp-size")
	p.DPAttention = s.on("enable-dp-attention") && dp > 1
	p.AcceleratorsPerWorker, p.Ranks = p.TP*p.PP, dp
	if !p.DPAttention {
		p.AcceleratorsPerWorker *= dp
	} else if p.TP%dp != 0 {
		s.log.fail(s.at("dp-size"), "%d does not divide tp-size %d, which it must under DP attention", dp, p.TP)
	}
	exchange := s.text("moe-a2a-backend")
	if exchange != "" && exchange != "none" || s.on("enable-deepep-moe") || s.on("enable-ep-moe") {
		p.EP = p.TP
	}
	divided := func(key string, n *int) *int {
		if n == nil || !p.DPAttention {
			return n
		}
		if *n < dp {
			s.log.fail(s.at(key), "%d for %d ranks of DP attention: less than 1 a rank", *n, dp)
			return nil
		}
		return pointer(*n / dp)
	}
	p.TokenBudgetPerRank = l.sglangBudget(p, divided)
	p.MaxBatchPerRank = divided("max-running-requests", s.number("max-running-requests", 1))
	p.Utilisation = Utilisation{s.share("mem-fraction-static"), "static"}
	if format := s.text("kv-cache-dtype"); format != "" && format != "auto" {
		p.KV.Format = &format
	}
	p.KV.BlockTokens = s.number("page-size", 1)
	p.Draft = l.sglangDraft()
	l.sglangStep(p, exchange)
	l.sglangCache(p)
}

// sglangBudget is the chunk; -1 turns chunking off, and whole prompts share
// max_prefill_tokens.
func (l *launch) sglangBudget(p *Pool, divided func(string, *int) *int) *int {
	s := l.settings
	chunk, prompts := s.number("chunked-prefill-size", -1), s.number("max-prefill-tokens", 1)
	if chunk != nil && *chunk <= 0 {
		p.More["chunked"] = false
		return prompts
	}
	return divided("chunked-prefill-size", chunk)
}

func (l *launch) sglangDraft() Draft {
	s := l.settings
	kind, name := drafted(s.text("speculative-algorithm"))
	steps := s.number("speculative-num-steps", 0)
	topk := s.number("speculative-eagle-topk", 1)
	tokens := s.number("speculative-num-draft-tokens", 1)
	window := s.number("speculative-dflash-block-size", 1)
	adaptive := s.on("speculative-adaptive")
	for _, rest := range []string{
		"speculative-draft-model-path", "speculative-ngram-max-match-window-size", "speculative-ngram-min-bfs-breadth",
		"speculative-ngram-max-bfs-breadth", "speculative-ngram-match-type", "speculative-adaptive-config",
	} {
		s.has(rest)
	}
	switch {
	case kind == noDraft:
		if steps != nil && *steps > 0 {
			s.log.fail(s.at("speculative-num-steps"), "%d steps, but no speculative-algorithm", *steps)
		}
		return Draft{Kind: noDraft}
	case kind == "":
		s.log.fail(s.at("speculative-algorithm"), "%q: no kind of draft that is known here", name)
	}
	d := Draft{
		Kind:     kind,
		Name:     name,
		Depth:    steps,
		Verify:   tokens,
		Adaptive: adaptive,
	}
	if kind == block || kind == lookup {
		if tokens == nil {
			tokens = window
		}
		d.Depth, d.Verify = steps, tokens
		if tokens != nil {
			d.Depth = pointer(*tokens - 1)
		} else if steps != nil {
			d.Verify = pointer(*steps + 1)
		}
	} else if steps != nil && tokens == nil {
		d.Verify = pointer(*steps + 1)
	} else if steps == nil && tokens != nil && (topk == nil || *topk == 1) {
		d.Depth = pointer(*tokens - 1)
	}
	if topk != nil && *topk == 1 && steps != nil && tokens != nil && kind == recurrent && *tokens != *steps+1 {
		s.log.fail(s.at("speculative-num-draft-tokens"), "%d, but %d steps of one branch verify %d tokens",
			*tokens, *steps, *steps+1)
	}
	if text := l.env["SGLANG_SIMULATE_ACC_LEN"]; text != "" {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 && f < 1e3 {
			d.AcceptedLength = &f
		}
	}
	return d
}

func (l *launch) sglangStep(p *Pool, exchange string) {
	s, more := l.settings, p.More
	more["overlap"] = not(s.truth("disable-overlap-schedule"))
	more["mixed"] = s.truth("enable-mixed-chunk")
	if s.on("disable-cuda-graph") {
		more["graphs"] = false
	}
	if sizes := s.numbers("cuda-graph-bs"); len(sizes) > 0 {
		more["graphs"] = sizes
	}
	more["graph_max_batch"] = s.number("cuda-graph-max-bs", 0)
	more["poll"] = s.number("scheduler-recv-interval", 1)
	if s.reset("scheduler-recv-interval") {
		more["poll"] = 1
	}
	if n := s.number("prefill-decode-interval", 0); n != nil && *n > 0 {
		more["interval"] = map[string]any{"steps": *n, "kind": "after"}
	}
	passes := s.number("prefill-delayer-max-delay-passes", 0)
	if s.on("enable-prefill-delayer") {
		delay := map[string]any{"passes": nil}
		if passes != nil {
			delay["passes"] = *passes
		}
		more["delay"] = delay
	}
	s.float("prefill-delayer-token-usage-low-watermark")
	if s.on("enable-two-batch-overlap") {
		more["two_batch_overlap"] = true
	}
	s.float("tbo-token-distribution-threshold")
	more["max_sequence"] = s.number("context-length", 1)
	more["stream_interval"] = s.number("stream-interval", 1)
	more["handover_poll"] = s.number("disaggregation-decode-polling-interval", 1)
	more["reserved_output"] = s.number("num-reserved-decode-tokens", 0)
	more["transport"] = s.text("disaggregation-transfer-backend")
	if s.on("prefill-round-robin-balance") {
		more["prefill_choice"] = "round-robin"
	}
	more["rank_choice"] = s.text("load-balance-method")
	more["redundant_experts"] = s.number("ep-num-redundant-experts", 0)
	if s.on("enable-eplb") || s.text("eplb-algorithm") != "" {
		more["experts_balanced"] = true
	}
	more["nodes"] = s.number("nnodes", 1)
	if cap, ok := wholeNumber(l.env["SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION"]); ok {
		more["output_estimate_cap"] = cap
	}
	more["conservativeness"] = s.text("schedule-conservativeness")
	more["kernels"] = join(exchange, s.text("deepep-mode"), s.text("moe-runner-backend"), s.text("attention-backend"),
		s.text("prefill-attention-backend"), s.text("decode-attention-backend"))
	l.sglangContext(p)
}

// sglangContext is over how many accelerators contexts and prompts are divided.
func (l *launch) sglangContext(p *Pool) {
	s, more := l.settings, p.More
	context := map[string]any{}
	if dcp := s.number("dcp-size", 1); dcp != nil {
		context["decode"] = *dcp
	}
	rank := p.TP
	if p.DPAttention {
		rank /= max(1, p.Ranks)
	}
	on := s.on("enable-prefill-cp") || s.on("enable-nsa-prefill-context-parallel") ||
		s.on("enable-prefill-context-parallel")
	if on {
		context["prefill"] = rank
	}
	s.has("nsa-prefill-cp-mode")
	s.has("prefill-cp-mode")
	if n := s.number("attention-context-parallel-size", 1); n != nil {
		context["prefill"] = *n
		if rank%*n != 0 {
			s.log.fail(s.at("attention-context-parallel-size"), "%d does not divide the %d accelerators of a rank", *n, rank)
			context["prefill"] = 1
		}
	}
	if dcp, _ := context["decode"].(int); dcp > 0 && rank%dcp != 0 {
		s.log.fail(s.at("dcp-size"), "%d does not divide the %d accelerators of a rank", dcp, rank)
	}
	if len(context) > 0 {
		more["context"] = context
	}
}

func (l *launch) sglangCache(p *Pool) {
	s, more := l.settings, p.More
	off := s.truth("disable-radix-cache")
	more["prefix_caching"] = not(off)
	if v := s.node("swa-full-tokens-ratio"); v != nil {
		if f := s.float("swa-full-tokens-ratio"); f != nil {
			more["window_share"] = *f
		}
	}
	more["max_total_tokens"] = s.number("max-total-tokens", 1)
	ratio, size := s.float("hicache-ratio"), s.text("hicache-size")
	write := strings.TrimPrefix(s.text("hicache-write-policy"), "write_")
	storage := s.text("hicache-storage-backend")
	if s.on("enable-hierarchical-cache") {
		cache := map[string]any{}
		if ratio != nil {
			cache["ratio"] = *ratio
		}
		if size != "" {
			cache["gb"] = size
		}
		if write != "" {
			cache["write"] = write
		}
		if storage != "" {
			cache["storage"] = storage
		}
		more["host_cache"] = cache
		if off == nil {
			more["prefix_caching"] = true
		}
	}
}

func not(yes *bool) *bool {
	if yes == nil {
		return nil
	}
	return pointer(!*yes)
}
