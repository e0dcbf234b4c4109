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
	case routers:
		for _, prefix := range strings.Fields(routerPrefixes) {
			if strings.HasPrefix(key, prefix) {
				return true
			}
		}
		list = ""
	case sglang:
		list = sglangMeaningless
	case trtllm:
		list = trtllmMeaningless
	}
	words := strings.Fields(list + everywhereMeaningless)
	return slices.Contains(words, head) || slices.Contains(words, key)
}

const routerPrefixes = `http- tls- cors- retry- cb- disable-retr disable-circuit health- request- worker- nats etcd
 service- selector prometheus- grpc- kserve- bootstrap- queue- rate- max-concurrent- mini-lb intra-node vllm pd- prefill
 decode interactive static- api- namespace model- router-replica router-reset router-snapshot worker-startup cache-dir
 metrics- backend mcp- history- chat-processor preprocess`

const everywhereMeaningless = `
 o0 o1 o2 o3
 api-key component connector-config custom-jinja-template discovery-backend download-dir dtype enable-metrics
 enable-multimodal endpoint engine-request-timeout event-plane frontend-decoding host kv-events-config
 load-format log-level metrics-port migration-limit modality model-name multimodal-worker name namespace port
 publish-events-and-metrics publish-kv-events request-plane revision route-to-encoder seed sleep store-kv
 trust-remote-code use-kv-events `

const vllmMeaningless = `
 additional-config aggregate-engine-logging allow-credentials allowed-local-media-path api-server-count
 attention-config calculate-kv-scales code-revision collect-detailed-traces config config-format convert
 data-parallel-address data-parallel-backend data-parallel-external-lb data-parallel-hybrid-lb
 data-parallel-rank data-parallel-rpc-port data-parallel-size-local data-parallel-start-rank
 data-parallel-supervisor-port default-chat-template-kwargs default-mm-loras device disable-async-output-proc
 disable-cascade-attn disable-chunked-mm-input disable-custom-all-reduce disable-fastapi-docs
 disable-frontend-multiprocessing disable-hybrid-kv-cache-manager disable-nccl-for-dp-synchronization
 disable-sliding-window disable-uvicorn-access-log distributed-executor-backend durable-kv-events
 ec-transfer-config enable-auto-tool-choice enable-cumem-allocator enable-ep-weight-filter
 enable-fault-tolerance enable-force-include-usage enable-layerwise-nvtx-tracing enable-lora
 enable-mfu-metrics enable-offline-docs enable-prompt-embeds enable-prompt-tokens-details
 enable-request-id-headers enable-server-load-tracking enable-sleep-mode enable-tokenizer-info-endpoint
 eplb-config exclude-tools-when-tool-choice-none fail-on-environ-validation fully-sharded-loras
 gdn-prefill-backend generation-config guided-decoding-backend h11-max-header-count
 h11-max-incomplete-event-size headless hf-config-path hf-overrides hf-token ignore-patterns
 interleave-mm-strings io-processor-plugin is-encode-worker kernel-config kv-cache-metrics
 kv-sharing-fast-prefill kv-transfer-config language-model-only limit-mm-per-prompt linear-backend
 logprobs-mode lora-modules mamba-block-size mamba-cache-dtype mamba-cache-mode mamba-ssm-cache-dtype
 master-addr master-port max-log-len max-logprobs max-long-partial-prefills max-lora-rank max-loras
 max-num-partial-prefills max-parallel-loading-workers media-io-kwargs middleware model-express-url
 model-impl model-loader-extra-config multimodal-encode-worker nnodes node-rank num-lookahead-slots
 optimization-level override-generation-config performance-mode pooler-config preemption-mode
 prefix-caching-hash-algo profiler-config pt-load-map-location quantization ray-workers-use-nsight
 reasoning-config renderer-num-workers response-role return-tokens-as-token-ids root-path runner
 safetensors-load-strategy scheduler-cls scheduler-delay-factor scheduling-policy
 show-hidden-metrics-for-version shutdown-timeout skip-mm-profiling skip-tokenizer-init sleep-mode
 structured-outputs-config structured-outputs-config.backend swap-space trust-request-chat-template uds
 use-fp64-gumbel use-tqdm-on-load use-v2-block-manager video-pruning-rate worker-cls worker-extension-cls `

const sglangMeaningless = `
 admin-api-key allow-auto-truncate api-key-file base-gpu-id bucket-e2e-request-latency
 bucket-inter-token-latency bucket-time-to-first-token collect-tokens-histogram completion-template config
 constrained-json-whitespace-pattern decode-log-interval deepep-config delete-ckpt-after-loading device
 disable-chunked-prefix-cache disable-cuda-graph-padding disable-custom-all-reduce disable-disk-cache
 disable-fast-image-processor disable-flashinfer-autotune disable-outlines-disk-cache
 disable-piecewise-cuda-graph disable-shared-experts-fusion disable-tokenizer-batch-decode
 disaggregation-bootstrap-port disaggregation-decode-dp disaggregation-decode-tp disaggregation-ib-device
 disaggregation-prefill-pp dist-init-addr dist-timeout dp-attention-local-control-broadcast
 elastic-ep-backend embedding-transfer-mode enable-aiter-allreduce-fusion enable-broadcast-mm-inputs-process
 enable-cache-report enable-cudagraph-gc enable-custom-logit-processor enable-deterministic-inference
 enable-dp-lm-head enable-expert-distribution-metrics enable-flashinfer-allreduce-fusion enable-fp32-lm-head
 enable-fused-moe-sum-all-reduce enable-lora enable-memory-saver enable-mfu-metrics enable-mscclpp
 enable-nan-detection enable-nccl-nvls enable-p2p-check enable-piecewise-cuda-graph enable-profile-cuda-graph
 enable-return-hidden-states enable-single-batch-overlap enable-symm-mem enable-tokenizer-batch-encode
 enable-torch-compile enable-trace encoder-only encoder-urls ep-dispatch-algorithm
 eplb-min-rebalancing-utilization-threshold eplb-rebalance-layers-per-chunk eplb-rebalance-num-iterations
 expert-distribution-recorder-buffer-size expert-distribution-recorder-mode fastapi-root-path
 file-storage-path flashinfer-mla-disable-ragged forward-hooks fp4-gemm-backend fp8-gemm-backend
 gc-warning-threshold-secs gpu-id-step grammar-backend hf-chat-template-name hicache-io-backend
 hicache-mem-layout hicache-storage-backend-extra-config hicache-storage-prefetch-policy init-expert-location
 is-embedding json-model-override-args keep-mm-feature-on-device kv-events-config language-only
 linear-attn-backend lora-paths mamba-full-memory-ratio mamba-scheduler-strategy mamba-ssm-dtype
 mamba-track-interval max-loras-per-batch max-mamba-cache-size mm-attention-backend model-impl
 model-loader-extra-config modelopt-quant moe-dense-tp-size mooncake-ib-device nccl-init-addr nccl-port
 node-rank nsa-decode-backend nsa-prefill-backend num-continuous-decode-steps oltp-traces-endpoint
 page-major-kv-layout piecewise-cuda-graph-max-tokens piecewise-cuda-graph-tokens pre-warm-nccl
 preferred-sampling-params quantization quantization-param-path random-seed
 remote-instance-weight-loader-seed-instance-ip rl-on-policy-target sampling-backend schedule-policy
 scheduler-policy show-time-cost skip-server-warmup skip-tokenizer-init sleep-on-idle soft-watchdog-timeout
 speculative-accept-threshold-acc speculative-accept-threshold-single speculative-attention-mode
 speculative-draft-attention-backend speculative-draft-model-quantization speculative-draft-model-revision
 speculative-moe-a2a-backend speculative-moe-runner-backend speculative-token-map stream-output
 tokenizer-worker-num torch-compile-max-bs torchao-config triton-attention-num-kv-splits
 triton-attention-reduce-in-fp32 use-kv-events use-sglang-tokenizer warmups watchdog-timeout `

const trtllmMeaningless = `
 disaggregation-strategy
 allreduce-strategy backend batched-logits-processor build-config cache-transceiver-config checkpoint-format
 checkpoint-loader cluster-id config-database cuda-graph-config.enable-padding custom-tokenizer
 decoding-config disable-flashinfer-sampling disagg-cluster dwdp-config enable-autotuner enable-build-cache
 enable-energy-metrics enable-iter-perf-stats enable-iter-req-stats enable-layerwise-nvtx-marker
 enable-trtllm-sampler env-overrides extended-runtime-perf-knob-config
 fail-fast-on-attention-window-too-large fast-build force-dynamic-quantization
 garbage-collection-gen0-threshold gather-generation-logits gpus-per-node guided-decoding-backend hostname ip
 iter-stats-max-iterations kv-cache-config.attention-dp-events-gather-period-ms
 kv-cache-config.copy-on-partial-reuse kv-cache-config.cross-kv-cache-fraction
 kv-cache-config.enable-partial-reuse kv-cache-config.event-buffer-max-size
 kv-cache-config.mamba-ssm-cache-dtype kv-cache-config.max-gpu-total-bytes
 kv-cache-config.secondary-offload-min-priority kv-cache-config.sink-token-length
 kv-cache-config.use-kv-cache-manager-v2 kv-cache-config.use-uvm load-format log-level lora-config
 max-beam-width max-input-len max-prompt-adapter-token media-io-kwargs metadata-server-config-file
 mm-encoder-only moe-config.disable-finalize-fusion moe-config.load-balancer.initial-global-assignments
 moe-config.load-balancer.layer-updates-per-iter moe-config.max-num-tokens
 moe-config.use-low-precision-moe-combine mpi-session node-rank normalize-log-probs num-nodes
 nvfp4-gemm-config orchestrator-type otlp-traces-endpoint peft-cache-config perf-metrics-max-requests
 post-processor-hook print-iter-log quant-config ray-worker-extension-cls request-stats-max-iterations
 return-perf-metrics revision sampler-type scheduler-config.context-chunking-policy
 scheduler-config.dynamic-batch-config server-role skip-tokenizer-init
 speculative-config.allow-advanced-sampling speculative-config.begin-thinking-phase-token
 speculative-config.eagle-choices speculative-config.eagle3-layers-to-capture
 speculative-config.eagle3-one-model speculative-config.end-thinking-phase-token
 speculative-config.greedy-sampling speculative-config.is-keep-all speculative-config.is-public-pool
 speculative-config.is-use-oldest speculative-config.load-format speculative-config.max-matching-ngram-size
 speculative-config.mtp-eagle-one-model speculative-config.num-eagle-layers speculative-config.relaxed-delta
 speculative-config.relaxed-topk speculative-config.speculative-model
 speculative-config.speculative-model-dir speculative-config.use-mtp-vanilla
 speculative-config.use-relaxed-acceptance-for-thinking tensorrt-engine torch-compile-config
 trust-remote-code use-cute-dsl-blockscaling-bmm use-cute-dsl-blockscaling-mm `
