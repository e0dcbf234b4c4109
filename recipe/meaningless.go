package recipe

import (
	"slices"
	"strings"
)

// meaningless says whether a key changes nothing that a deployment says: ports,
// logging, parsers, loading, the tuning of transports.
func meaningless(family, key string) bool {
	head, _, _ := strings.Cut(key, ".")
	for _, prefix := range []string{
		"dyn-", "log-", "ssl-", "tool-", "mm-", "otlp-", "lora-", "chat-template", "cache-transceiver-config.",
		"compilation-config.", "kv-transfer-config.", "kv-events-config.", "disable-log", "enable-log", "served-model",
		"tokenizer", "reasoning", "numa", "debug-", "crash-", "prometheus", "weight-loader", "allowed-", "uvicorn-",
	} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	list := vllmMeaningless
	switch family {
	case sglang:
		list = sglangMeaningless
	case trtllm:
		list = trtllmMeaningless
	}
	words := strings.Fields(list + everywhereMeaningless)
	return slices.Contains(words, head) || slices.Contains(words, key)
}

const everywhereMeaningless = ` host port trust-remote-code dtype seed revision download-dir load-format api-key name
 endpoint namespace component model-name metrics-port request-plane event-plane store-kv discovery-backend
 connector-config use-kv-events publish-events-and-metrics publish-kv-events migration-limit custom-jinja-template
 modality frontend-decoding route-to-encoder multimodal-worker sleep enable-metrics kv-events-config
 engine-request-timeout log-level enable-multimodal `

const vllmMeaningless = ` uds allow-credentials lora-modules response-role root-path middleware
 return-tokens-as-token-ids disable-frontend-multiprocessing enable-request-id-headers enable-auto-tool-choice
 max-log-len disable-fastapi-docs enable-prompt-tokens-details enable-server-load-tracking headless model-impl
 code-revision config-format hf-config-path hf-overrides hf-token logprobs-mode max-logprobs disable-sliding-window
 disable-cascade-attn skip-tokenizer-init enable-prompt-embeds generation-config override-generation-config
 enable-sleep-mode guided-decoding-backend structured-outputs-config distributed-executor-backend
 data-parallel-address data-parallel-rpc-port data-parallel-backend data-parallel-start-rank data-parallel-rank
 data-parallel-size-local data-parallel-hybrid-lb data-parallel-external-lb data-parallel-supervisor-port
 master-addr master-port node-rank nnodes
 max-parallel-loading-workers ray-workers-use-nsight disable-custom-all-reduce worker-cls worker-extension-cls
 limit-mm-per-prompt media-io-kwargs interleave-mm-strings skip-mm-profiling video-pruning-rate language-model-only
 enable-lora max-loras max-lora-rank fully-sharded-loras default-mm-loras collect-detailed-traces
 show-hidden-metrics-for-version additional-config ec-transfer-config model-loader-extra-config ignore-patterns
 use-tqdm-on-load pt-load-map-location safetensors-load-strategy shutdown-timeout profiler-config
 enable-ep-weight-filter kv-cache-metrics enable-layerwise-nvtx-tracing enable-mfu-metrics renderer-num-workers
 enable-tokenizer-info-endpoint enable-force-include-usage exclude-tools-when-tool-choice-none trust-request-chat-template
 io-processor-plugin default-chat-template-kwargs prefix-caching-hash-algo runner convert pooler-config
 allowed-local-media-path config enable-cumem-allocator calculate-kv-scales sleep-mode swap-space api-server-count
 quantization kv-sharing-fast-prefill optimization-level performance-mode kernel-config
 kv-transfer-config fail-on-environ-validation disable-nccl-for-dp-synchronization disable-uvicorn-access-log
 h11-max-incomplete-event-size h11-max-header-count enable-offline-docs structured-outputs-config.backend
 preemption-mode num-lookahead-slots disable-async-output-proc scheduler-delay-factor scheduler-cls device
 use-v2-block-manager disable-hybrid-kv-cache-manager mamba-ssm-cache-dtype
 mamba-cache-dtype mamba-cache-mode mamba-block-size disable-chunked-mm-input use-fp64-gumbel linear-backend eplb-config
 is-encode-worker multimodal-encode-worker durable-kv-events model-express-url
 attention-config aggregate-engine-logging gdn-prefill-backend reasoning-config max-num-partial-prefills
 max-long-partial-prefills scheduling-policy enable-fault-tolerance `

const sglangMeaningless = ` skip-server-warmup skip-tokenizer-init watchdog-timeout soft-watchdog-timeout
 decode-log-interval show-time-cost enable-cache-report enable-dp-lm-head dist-init-addr nccl-init-addr node-rank
 dist-timeout disaggregation-ib-device disaggregation-bootstrap-port collect-tokens-histogram base-gpu-id gpu-id-step
 random-seed sampling-backend grammar-backend constrained-json-whitespace-pattern completion-template
 file-storage-path sleep-on-idle stream-output bucket-time-to-first-token bucket-inter-token-latency
 bucket-e2e-request-latency nccl-port warmups fastapi-root-path hf-chat-template-name preferred-sampling-params
 device json-model-override-args is-embedding enable-trace oltp-traces-endpoint
 disable-fast-image-processor enable-p2p-check enable-mscclpp enable-nccl-nvls enable-symm-mem disable-outlines-disk-cache
 disable-custom-all-reduce allow-auto-truncate enable-custom-logit-processor flashinfer-mla-disable-ragged
 disable-shared-experts-fusion scheduler-policy schedule-policy model-loader-extra-config enable-memory-saver
 enable-return-hidden-states triton-attention-reduce-in-fp32 triton-attention-num-kv-splits num-continuous-decode-steps
 delete-ckpt-after-loading enable-deterministic-inference tokenizer-worker-num api-key-file admin-api-key
 quantization quantization-param-path torchao-config enable-torch-compile torch-compile-max-bs mm-attention-backend
 fp8-gemm-backend fp4-gemm-backend enable-flashinfer-allreduce-fusion enable-aiter-allreduce-fusion
 disable-flashinfer-autotune nsa-prefill-backend nsa-decode-backend enable-nan-detection init-expert-location
 expert-distribution-recorder-mode expert-distribution-recorder-buffer-size enable-expert-distribution-metrics
 eplb-rebalance-num-iterations eplb-rebalance-layers-per-chunk eplb-min-rebalancing-utilization-threshold
 deepep-config ep-dispatch-algorithm moe-dense-tp-size hicache-io-backend hicache-mem-layout hicache-storage-prefetch-policy
 hicache-storage-backend-extra-config disable-disk-cache keep-mm-feature-on-device
 speculative-token-map speculative-attention-mode speculative-moe-runner-backend speculative-moe-a2a-backend
 speculative-draft-model-revision speculative-draft-model-quantization speculative-accept-threshold-single
 speculative-accept-threshold-acc speculative-draft-attention-backend mamba-ssm-dtype mamba-full-memory-ratio
 mamba-scheduler-strategy mamba-track-interval max-mamba-cache-size
 linear-attn-backend disaggregation-prefill-pp disaggregation-decode-tp disaggregation-decode-dp
 enable-tokenizer-batch-encode enable-single-batch-overlap dp-attention-local-control-broadcast
 disable-cuda-graph-padding enable-profile-cuda-graph enable-cudagraph-gc enable-piecewise-cuda-graph
 disable-piecewise-cuda-graph piecewise-cuda-graph-max-tokens piecewise-cuda-graph-tokens gc-warning-threshold-secs
 enable-broadcast-mm-inputs-process embedding-transfer-mode disable-tokenizer-batch-decode use-sglang-tokenizer
 use-kv-events kv-events-config remote-instance-weight-loader-seed-instance-ip
 model-impl modelopt-quant enable-fp32-lm-head rl-on-policy-target elastic-ep-backend
 mooncake-ib-device enable-lora max-loras-per-batch lora-paths pre-warm-nccl forward-hooks
 encoder-only language-only encoder-urls enable-mfu-metrics config page-major-kv-layout
 disable-chunked-prefix-cache enable-fused-moe-sum-all-reduce `

const trtllmMeaningless = ` print-iter-log allreduce-strategy backend log-level enable-iter-perf-stats
 enable-iter-req-stats iter-stats-max-iterations request-stats-max-iterations cache-transceiver-config garbage-collection-gen0-threshold
 trust-remote-code num-nodes gpus-per-node node-rank cluster-id max-beam-width metadata-server-config-file server-role
 fail-fast-on-attention-window-too-large revision otlp-traces-endpoint return-perf-metrics perf-metrics-max-requests
 moe-config.load-balancer.layer-updates-per-iter moe-config.load-balancer.initial-global-assignments
 moe-config.max-num-tokens moe-config.use-low-precision-moe-combine moe-config.disable-finalize-fusion
 nvfp4-gemm-config torch-compile-config cuda-graph-config.enable-padding enable-layerwise-nvtx-marker
 load-format skip-tokenizer-init guided-decoding-backend build-config peft-cache-config lora-config quant-config
 sampler-type enable-trtllm-sampler mm-encoder-only media-io-kwargs hostname ip disagg-cluster config-database
 kv-cache-config.event-buffer-max-size kv-cache-config.copy-on-partial-reuse kv-cache-config.enable-partial-reuse
 kv-cache-config.mamba-ssm-cache-dtype kv-cache-config.use-uvm kv-cache-config.secondary-offload-min-priority
 kv-cache-config.cross-kv-cache-fraction kv-cache-config.max-gpu-total-bytes kv-cache-config.sink-token-length
 kv-cache-config.attention-dp-events-gather-period-ms kv-cache-config.use-kv-cache-manager-v2
 scheduler-config.context-chunking-policy scheduler-config.dynamic-batch-config speculative-config.speculative-model-dir
 speculative-config.speculative-model speculative-config.use-relaxed-acceptance-for-thinking
 speculative-config.relaxed-topk speculative-config.relaxed-delta speculative-config.eagle3-one-model
 speculative-config.use-mtp-vanilla speculative-config.mtp-eagle-one-model speculative-config.load-format
 speculative-config.eagle3-layers-to-capture speculative-config.allow-advanced-sampling speculative-config.eagle-choices
 speculative-config.greedy-sampling speculative-config.num-eagle-layers speculative-config.max-matching-ngram-size
 speculative-config.is-keep-all speculative-config.is-use-oldest speculative-config.is-public-pool
 speculative-config.begin-thinking-phase-token speculative-config.end-thinking-phase-token
 batched-logits-processor ray-worker-extension-cls
 orchestrator-type checkpoint-format checkpoint-loader custom-tokenizer env-overrides
 enable-autotuner use-cute-dsl-blockscaling-mm use-cute-dsl-blockscaling-bmm tensorrt-engine max-input-len
 normalize-log-probs gather-generation-logits decoding-config fast-build enable-build-cache
 extended-runtime-perf-knob-config mpi-session post-processor-hook enable-energy-metrics max-prompt-adapter-token
 disable-flashinfer-sampling force-dynamic-quantization dwdp-config `
