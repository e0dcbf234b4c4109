package recipe

import (
	"strconv"
	"strings"
)

// trtllm reads TensorRT-LLM's options: the world is tp·pp; with attention DP
// every one of tp is a rank, and limits are of a rank.
func (l *launch) trtllm(p *Pool) {
	s := l.settings
	p.TP, p.PP = s.size("tensor-parallel-size"), s.size("pipeline-parallel-size")
	cp := s.size("context-parallel-size")
	p.EP = l.trtllmExperts(p.TP * cp)
	p.DPAttention = s.on("enable-attention-dp") && p.TP > 1
	p.AcceleratorsPerWorker = p.TP * p.PP * cp
	if p.DPAttention {
		p.Ranks = p.TP
	}
	p.TokenBudgetPerRank = s.number("max-num-tokens", 1)
	p.MaxBatchPerRank = s.number("max-batch-size", 1)
	p.Utilisation = Utilisation{s.share("kv-cache-config.free-gpu-memory-fraction"), "free"}
	if format := s.text("kv-cache-config.dtype"); format != "" && format != "auto" {
		p.KV.Format = &format
	}
	p.KV.BlockTokens = s.number("kv-cache-config.tokens-per-block", 1)
	p.Draft = l.trtllmDraft()
	l.trtllmStep(p)
	kind := strings.ToLower(s.text("cp-config.cp-type"))
	switch {
	case cp == 1:
	case kind == "" || kind == helix:
		p.More["context"] = map[string]any{"decode": cp, "exchange": helix}
	default: // Ulysses, ring and star attention divide prompts
		p.More["context"] = map[string]any{"prefill": cp, "exchange": kind}
	}
	s.has("cp-config.tokens-per-block")
	s.has("cp-config.fifo-version")
	s.has("cp-config.use-nccl-for-alltoall")
}

// trtllmExperts is the number of expert-parallel ranks; -1 and absent leave
// it to the engine: what moe_tensor_parallel_size leaves of the world, else 1.
func (l *launch) trtllmExperts(world int) int {
	s := l.settings
	cluster := s.size("moe-cluster-parallel-size")
	ep, tp := s.number("moe-expert-parallel-size", -1), s.number("moe-tensor-parallel-size", -1)
	free := func(n *int) bool { return n == nil || *n < 1 }
	switch {
	case free(ep) && free(tp):
		return cluster
	case free(ep):
		return max(1, world / *tp)
	case !free(tp) && *tp**ep*cluster != world:
		s.log.fail(s.at("moe-tensor-parallel-size"), "%d times %d expert-parallel ranks is not tensor_parallel_size %d", *tp,
			*ep*cluster, world)
	}
	return *ep * cluster
}

func (l *launch) trtllmStep(p *Pool) {
	s, more := l.settings, p.More
	more["chunked"] = s.truth("enable-chunked-prefill")
	if l.role == "mixed" && s.node("enable-chunked-prefill") == nil {
		more["chunked"] = false
	}
	more["overlap"] = not(s.truth("disable-overlap-scheduler"))
	more["prefix_caching"] = s.truth("kv-cache-config.enable-block-reuse")
	more["max_sequence"] = s.number("max-seq-len", 1)
	more["stream_interval"] = s.number("stream-interval", 1)
	more["postprocess_workers"] = s.number("num-postprocess-workers", 0)
	more["head_over_all_ranks"] = s.truth("enable-lm-head-tp-in-adp")
	more["transport"] = s.text("cache-transceiver-config.backend")
	more["kernels"] = join(s.text("moe-config.backend", "moe-backend"), s.text("attn-backend"))
	more["expert_slots"] = s.number("moe-config.load-balancer.num-slots", 1)
	more["max_attention_window"] = s.text("kv-cache-config.max-attention-window")
	more["max_kv_tokens"] = s.number("kv-cache-config.max-tokens", 1)
	more["host_cache_bytes"] = s.number("kv-cache-config.host-cache-size", 0)
	more["conversation_affinity"] = s.truth("attention-dp-config.kv-cache-routing")
	s.has("attention-dp-config.attention-dp-relax")
	s.has("kv-cache-config.max-attention-window")
	s.has("moe-config.load-balancer")
	if s.null("cuda-graph-config") || offered(s.truth("use-cuda-graph")) {
		more["graphs"] = false
	}
	if sizes := s.numbers("cuda-graph-config.batch-sizes"); len(sizes) > 0 {
		more["graphs"] = sizes
	} else if sizes := s.numbers("cuda-graph-batch-sizes"); len(sizes) > 0 {
		more["graphs"] = sizes
	}
	more["graph_max_batch"] = s.number("cuda-graph-config.max-batch-size", 0)
	timeout := s.number("attention-dp-config.timeout-iters", 0)
	wait := s.number("attention-dp-config.batching-wait-iters", 0)
	if s.on("attention-dp-config.enable-balance") {
		balance := map[string]any{"timeout": nil, "wait": nil}
		if timeout != nil {
			balance["timeout"] = *timeout
		}
		if wait != nil {
			balance["wait"] = *wait
		}
		more["balance"] = balance
	}
	if steps := s.number("batch-wait-timeout-iters", 0); steps != nil && *steps > 0 {
		gather := map[string]any{"steps": *steps}
		if fill := s.float("batch-wait-max-tokens-ratio"); fill != nil {
			gather["fill"] = *fill
		}
		more["gather"] = gather
	}
	s.float("batch-wait-timeout-ms")
	s.float("batch-wait-max-tokens-ratio")
	switch policy := s.text("scheduler-config.capacity-scheduler-policy"); policy {
	case "":
	case "MAX_UTILIZATION":
		more["evict"] = "pause"
	case "GUARANTEED_NO_EVICT":
		more["evict"] = "never"
	default:
		more["evict"] = policy
	}
}

func offered(yes *bool) bool { return yes != nil && !*yes }

func (l *launch) trtllmDraft() Draft {
	s := l.settings
	kind, name := drafted(strings.ToLower(s.text("speculative-config.decoding-type")))
	depth := s.number("speculative-config.max-draft-len", 0)
	layers := s.number("speculative-config.num-nextn-predict-layers", 0)
	if depth == nil {
		depth = layers
	}
	s.has("speculative-config.num-nextn-predict-layers-from-model-config")
	most := s.number("speculative-config.max-concurrency", 1)
	schedule := s.node("speculative-config.draft-len-schedule")
	switch {
	case kind == noDraft || depth != nil && *depth == 0:
		return Draft{Kind: noDraft}
	case kind == "":
		s.log.fail(s.at("speculative-config.decoding-type"), "%q: no kind of draft that is known here", name)
	}
	d := Draft{Kind: kind, Name: name, Depth: depth}
	if depth != nil {
		d.Verify = pointer(*depth + 1)
	}
	if schedule != nil && schedule.shape == mapping {
		var upTo [][2]int
		for _, f := range schedule.fields {
			batch, err := strconv.Atoi(f.key)
			n, ok := f.value.integer()
			if err != nil || !ok || n < 0 || batch < 1 {
				s.log.fail(s.at("speculative-config.draft-len-schedule"), "%q: want batch sizes and depths", f.key)
				break
			}
			upTo = append(upTo, [2]int{batch, n})
		}
		d.ByBatch = byBatch(upTo)
	} else if most != nil && depth != nil {
		d.ByBatch = byBatch([][2]int{{*most, *depth}})
	}
	if text := l.env["TLLM_SPEC_DECODE_FORCE_NUM_ACCEPTED_TOKENS"]; text != "" {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && f < 1e3 {
			d.AcceptedLength = pointer(f + 1) // the variable leaves the bonus token out
		}
	}
	return d
}
