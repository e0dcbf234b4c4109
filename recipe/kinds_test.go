package recipe

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/serve"
)

// kept is a recipe of one of the public kinds with its right reading, field by
// field, and what of its deployment matters.
type kept struct {
	files, want, deployment string
	variant                 string
	notRead                 []string
}

func TestKindsOfRecipesFieldByField(t *testing.T) {
	for name, c := range keptRecipes() {
		t.Run(name, func(t *testing.T) {
			r, err := Read(files(c.files), Options{Variant: c.variant})
			require.NoError(t, err)
			var notRead []string
			for _, n := range r.NotRead {
				notRead = append(notRead, n.Key)
			}
			require.ElementsMatch(t, c.notRead, notRead)
			requireReading(t, parsed(t, c.want), r)
			var d serve.DeploymentSpec
			require.NoError(t, yaml.UnmarshalWithOptions(r.Deployment, &d, yaml.Strict()), "%v", r.Assumed)
			require.NoError(t, d.Validate())
			require.Equal(t, r.Accelerators, d.Accelerators())
			var got map[string]any
			require.NoError(t, json.Unmarshal(r.Deployment, &got))
			for key, v := range parsed(t, c.deployment) {
				requireSame(t, key, v, got[key])
			}
		})
	}
}

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	out, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(out, &tree))
	return tree
}

func keptRecipes() map[string]kept {
	return map[string]kept{
		"srt sglang wide on GB200": {files: `== recipe.yaml
name: gb200-fp4-1k1k-mid
model: {path: dsr1-nvfp4, container: "lmsysorg/sglang:v0.5.8", precision: fp4}
resources: {gpu_type: gb200, gpus_per_node: 4, prefill_nodes: 4, prefill_workers: 4, decode_nodes: 8, decode_workers: 1}
slurm: {time_limit: "02:00:00"}
health_check: {max_attempts: 360, interval_seconds: 10}
backend:
  type: sglang
  prefill_environment: {SGLANG_DG_CACHE_DIR: /configs/dg, NCCL_MNNVL_ENABLE: "1"}
  decode_environment: {SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK: "1024"}
  sglang_config:
    prefill:
      served-model-name: deepseek-ai/DeepSeek-R1
      model-path: /model/
      trust-remote-code: true
      kv-cache-dtype: fp8_e4m3
      attention-backend: trtllm_mla
      quantization: modelopt_fp4
      moe-runner-backend: flashinfer_trtllm
      disable-radix-cache: true
      disaggregation-mode: prefill
      chunked-prefill-size: 32768
      max-running-requests: 512
      mem-fraction-static: 0.84
      tensor-parallel-size: 4
      data-parallel-size: 4
      expert-parallel-size: 4
      enable-dp-attention: true
    decode:
      served-model-name: deepseek-ai/DeepSeek-R1
      model-path: /model/
      kv-cache-dtype: fp8_e4m3
      attention-backend: trtllm_mla
      moe-a2a-backend: deepep
      deepep-mode: low_latency
      ep-num-redundant-experts: 32
      disable-radix-cache: true
      disaggregation-mode: decode
      prefill-round-robin-balance: true
      max-running-requests: 8192
      cuda-graph-max-bs: 256
      mem-fraction-static: 0.83
      tp-size: 32
      dp-size: 32
      enable-dp-attention: true
benchmark: {type: sa-bench, isl: 1024, osl: 1024, concurrencies: "512x2048", req_rate: inf}
`, want: `
engine: {family: sglang, version: 0.5.8}
weights: fp4
accelerator: gb200
accelerators: 48
pools:
  prefill: {workers: 4, accelerators_per_worker: 4, tp: 4, ep: 4, pp: 1, dp_attention: true, ranks: 4, accelerators_per_rank: 1,
    token_budget_per_rank: 8192, max_batch_per_rank: 128, utilisation: {value: 0.84, of: static}, draft: {kind: none},
    kv: {format: fp8_e4m3, block_tokens: null}, more: {prefix_caching: false}}
  decode: {workers: 1, accelerators_per_worker: 32, tp: 32, ep: 32, pp: 1, dp_attention: true, ranks: 32, accelerators_per_rank: 1,
    token_budget_per_rank: null, max_batch_per_rank: 256, utilisation: {value: 0.83, of: static}, draft: {kind: none},
    kv: {format: fp8_e4m3, block_tokens: null}, more: {redundant_experts: 32, graph_max_batch: 256, prefill_choice: round-robin}}
`, deployment: `{mode: disaggregated, cache: {off: true}, decode: {workers: 1, accelerators: 32, tp: 1, ep: 32, dp_attention: true, max_batch_per_rank: 256}}`},

		"srt vllm with contexts and prompts divided": {files: `== recipe.yaml
name: b200-kimi-cp
model: {path: nvidia/Kimi-K2.5-NVFP4, container: "vllm/vllm-openai:v0.24.0", precision: fp4}
resources: {gpu_type: b200, gpus_per_node: 8, prefill_nodes: 2, prefill_workers: 1, decode_nodes: 1, decode_workers: 1}
backend:
  type: vllm
  connector: nixl
  vllm_config:
    prefill: {tensor-parallel-size: 4, prefill-context-parallel-size: 4, enable-expert-parallel: true, max-num-batched-tokens: 65536, max-num-seqs: 8, async-scheduling: false}
    decode: {tensor-parallel-size: 8, decode-context-parallel-size: 8, dcp-comm-backend: a2a, dcp-kv-cache-interleave-size: 64, max-num-seqs: 256}
`, want: `
engine: {family: vllm, version: 0.24.0}
model: nvidia/Kimi-K2.5-NVFP4
accelerators: 24
pools:
  prefill: {workers: 1, accelerators_per_worker: 16, tp: 4, ep: 16, ranks: 1, accelerators_per_rank: 16, dp_attention: false,
    token_budget_per_rank: 65536, max_batch_per_rank: 8, more: {context: {prefill: 4}, overlap: false, transport: nixl}}
  decode: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 1, ranks: 1, max_batch_per_rank: 256,
    more: {context: {decode: 8, exchange: a2a, interleave: 64}}}
`, deployment: `{prefill: {accelerators: 16, tp: 4, pcp: 4, ep: 16, token_budget: 65536}, decode: {accelerators: 8, tp: 8, dcp: 8, dcp_comm: a2a}}`},

		"srt trtllm with drafts": {files: `== recipe.yaml
name: gb300-v3-mtp
model: {path: dsv3-fp4, container: "nvcr.io/nvidia/ai-dynamo/tensorrtllm-runtime:0.8.1", precision: fp4}
resources: {gpu_type: gb300, gpus_per_node: 4, prefill_nodes: 1, prefill_workers: 1, decode_nodes: 4, decode_workers: 2, gpus_per_decode: 8}
backend:
  type: trtllm
  trtllm_config:
    prefill:
      tensor_parallel_size: 4
      moe_expert_parallel_size: 4
      enable_attention_dp: true
      max_batch_size: 4
      max_num_tokens: 8448
      max_seq_len: 9419
      disable_overlap_scheduler: true
      cuda_graph_config: null
      kv_cache_config: {enable_block_reuse: false, free_gpu_memory_fraction: 0.6, dtype: fp8}
      speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 2}
      cache_transceiver_config: {backend: UCX, max_tokens_in_buffer: 8448}
      moe_config: {backend: TRTLLM}
    decode:
      tensor_parallel_size: 8
      moe_expert_parallel_size: 8
      enable_attention_dp: true
      max_batch_size: 64
      max_num_tokens: 192
      stream_interval: 100
      num_postprocess_workers: 4
      kv_cache_config: {enable_block_reuse: false, free_gpu_memory_fraction: 0.8, dtype: fp8}
      speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 2}
      cuda_graph_config: {enable_padding: true, batch_sizes: [1, 2, 4, 8, 16, 32, 64]}
      moe_config: {backend: CUTEDSL, use_low_precision_moe_combine: true}
frontend: {type: dynamo}
`, want: `
engine: {family: trtllm}
accelerators: 20
router: {kind: dynamo}
pools:
  prefill: {workers: 1, accelerators_per_worker: 4, tp: 4, ep: 4, dp_attention: true, ranks: 4, accelerators_per_rank: 1,
    token_budget_per_rank: 8448, max_batch_per_rank: 4, utilisation: {value: 0.6, of: free}, draft: {kind: recurrent, name: mtp, depth: 2, verify: 3},
    kv: {format: fp8, block_tokens: null}, more: {overlap: false, graphs: false, prefix_caching: false, max_sequence: 9419}}
  decode: {workers: 2, accelerators_per_worker: 8, tp: 8, ep: 8, dp_attention: true, ranks: 8, accelerators_per_rank: 1,
    token_budget_per_rank: 192, max_batch_per_rank: 64, draft: {kind: recurrent, name: mtp, depth: 2, verify: 3}, more: {stream_interval: 100, postprocess_workers: 4}}
`, deployment: `{decode: {workers: 2, draft: {name: mtp, kind: recurrent, depth: 2, accepted_length: unknown}}}`},

		"dynamo vllm over nodes, one text of arguments": {files: `== deploy.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: qwen-wide}
spec:
  services:
    Frontend:
      dynamoNamespace: qwen
      componentType: frontend
      replicas: 1
      envs: [{name: DYN_ROUTER_MODE, value: kv}]
      extraPodSpec: {mainContainer: {image: "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.7.0"}}
    decode:
      dynamoNamespace: qwen
      componentType: worker
      subComponentType: decode
      replicas: 1
      multinode: {nodeCount: 2}
      resources: {limits: {gpu: "8", custom: {rdma/ib: "8"}}}
      livenessProbe: {httpGet: {path: /live, port: 9090}}
      extraPodSpec:
        tolerations: [{key: nvidia.com/gpu, operator: Exists}]
        mainContainer:
          securityContext: {capabilities: {add: [IPC_LOCK]}}
          image: "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.7.0"
          env: [{name: VLLM_ALL2ALL_BACKEND, value: deepep_low_latency}]
          command: [/bin/bash, -c]
          args: ["exec python3 -m dynamo.vllm --model Qwen/Qwen3-235B-A22B-FP8 --data-parallel-size 16 --enable-expert-parallel --data-parallel-hybrid-lb --max-num-seqs 512 --all2all-backend deepep_low_latency"]
    prefill:
      dynamoNamespace: qwen
      componentType: worker
      subComponentType: prefill
      replicas: 2
      resources: {limits: {gpu: "8"}}
      extraPodSpec:
        mainContainer:
          image: "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.7.0"
          command: [python3, -m, dynamo.vllm]
          args: [--model, Qwen/Qwen3-235B-A22B-FP8, --is-prefill-worker, --tensor-parallel-size, "8", --max-num-batched-tokens, "32768", --no-enable-prefix-caching]
`, want: `
engine: {family: vllm}
model: Qwen/Qwen3-235B-A22B-FP8
accelerators: 32
router: {kind: dynamo, policy: kv}
pools:
  prefill: {workers: 2, accelerators_per_worker: 8, tp: 8, ep: 1, ranks: 1, token_budget_per_rank: 32768, more: {prefix_caching: false}}
  decode: {workers: 1, accelerators_per_worker: 16, tp: 1, ep: 16, dp_attention: true, ranks: 16, accelerators_per_rank: 1, max_batch_per_rank: 512, more: {kernels: deepep_low_latency}}
`, deployment: `{router: kv-aware, decode: {workers: 1, accelerators: 16, tp: 1, ep: 16, dp_attention: true}}`},

		"dynamo trtllm with an override": {files: `== deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: engine}
data:
  agg.yaml: |
    tensor_parallel_size: 4
    moe_expert_parallel_size: 4
    max_batch_size: 128
    max_num_tokens: 8192
    enable_chunked_prefill: true
    kv_cache_config:
      free_gpu_memory_fraction: 0.85
---
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: trt-agg}
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x}}}
    TRTLLMWorker:
      componentType: worker
      replicas: 2
      resources: {limits: {gpu: "4"}, requests: {gpu: "4"}}
      extraPodSpec:
        volumes: [{name: engine, configMap: {name: engine}}]
        mainContainer:
          image: x
          volumeMounts: [{name: engine, mountPath: /engine}]
          command: [/bin/sh, -c]
          args:
            - |
              python3 -m dynamo.trtllm \
                --model-path openai/gpt-oss-120b \
                --extra-engine-args /engine/agg.yaml \
                --override-engine-args '{"max_batch_size": 256, "kv_cache_config": {"dtype": "fp8"}}'
`, want: `
engine: {family: trtllm}
accelerators: 8
pools:
  mixed: {workers: 2, accelerators_per_worker: 4, tp: 4, ep: 4, ranks: 1, token_budget_per_rank: 8192, max_batch_per_rank: 256,
    utilisation: {value: 0.85, of: free}, kv: {format: fp8}, more: {chunked: true}}
`, deployment: `{mode: aggregated, aggregated: {workers: 2, max_batch_per_rank: 256}, precision: {experts: mxfp4, kv: fp8}}`},

		"llm-d wide expert parallelism": {files: `== values.yaml
multinode: true
modelArtifacts: {uri: "hf://deepseek-ai/DeepSeek-R1-0528", name: deepseek-ai/DeepSeek-R1-0528, size: 2Ti, authSecretName: hf}
routing: {servicePort: 8000, proxy: {image: "ghcr.io/llm-d/llm-d-routing-sidecar:v0.4", connector: nixlv2, secure: false}}
accelerator: {type: nvidia}
decode:
  create: true
  replicas: 1
  parallelism: {data: 16, dataLocal: 8, tensor: 1, workers: 2}
  annotations: {k8s.v1.cni.cncf.io/networks: multi-nic}
  containers:
    - name: vllm
      image: ghcr.io/llm-d/llm-d-cuda:v0.4.0
      modelCommand: custom
      securityContext: {capabilities: {add: [IPC_LOCK]}}
      command: [/bin/bash, -c]
      args:
        - |
          START_RANK=$(( ${LWS_WORKER_INDEX:-0} * DP_SIZE_LOCAL ))
          exec vllm serve deepseek-ai/DeepSeek-R1-0528 \
            --port 8200 --trust-remote-code --disable-uvicorn-access-log \
            --data-parallel-hybrid-lb --enable-expert-parallel \
            --tensor-parallel-size $TP_SIZE --data-parallel-size $DP_SIZE \
            --data-parallel-size-local $DP_SIZE_LOCAL --data-parallel-start-rank $START_RANK \
            --data-parallel-address ${LWS_LEADER_ADDRESS} --data-parallel-rpc-port 5555 \
            --async-scheduling --enable-dbo --dbo-decode-token-threshold 32 \
            --enable-eplb --eplb-config '{"window_size":"1000","step_interval":"3000","num_redundant_experts":"32","log_balancedness":"False"}' \
            --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
      env: [{name: VLLM_ALL2ALL_BACKEND, value: deepep_low_latency}]
      resources: {limits: {nvidia.com/gpu: 8, memory: 512Gi, ephemeral-storage: 64Gi}}
prefill:
  create: true
  replicas: 2
  parallelism: {data: 8, tensor: 1}
  containers:
    - name: vllm
      image: ghcr.io/llm-d/llm-d-cuda:v0.4.0
      modelCommand: custom
      command: [/bin/bash, -c]
      args:
        - |
          exec vllm serve deepseek-ai/DeepSeek-R1-0528 --enable-expert-parallel \
            --tensor-parallel-size $TP_SIZE --data-parallel-size $DP_SIZE --data-parallel-size-local $DP_SIZE_LOCAL \
            --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}' --gpu-memory-utilization 0.75
      resources: {limits: {nvidia.com/gpu: 8}}
`, want: `
engine: {family: vllm}
model: deepseek-ai/DeepSeek-R1-0528
accelerators: 32
pools:
  prefill: {workers: 2, accelerators_per_worker: 8, tp: 1, ep: 8, dp_attention: true, ranks: 8, utilisation: {value: 0.75, of: total}}
  decode: {workers: 1, accelerators_per_worker: 16, tp: 1, ep: 16, dp_attention: true, ranks: 16,
    more: {overlap: true, two_batch_overlap: true, two_batch_from: 32, experts_balanced: true, redundant_experts: 32, transport: nixl}}
`, deployment: `{experts: {placement: {kind: eplb}}}`},

		"llm-d inference service": {files: `== isvc.yaml
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: {name: qwen}
spec:
  model: {uri: "hf://Qwen/Qwen3-32B-FP8", name: Qwen/Qwen3-32B-FP8}
  replicas: 4
  parallelism: {tensor: 2}
  router: {route: {}, gateway: {}, scheduler: {}}
  template:
    containers:
      - name: main
        image: vllm/vllm-openai:v0.23.0
        env: [{name: VLLM_ADDITIONAL_ARGS, value: "--max-num-seqs 128"}]
        resources: {limits: {nvidia.com/gpu: "2"}}
  prefill:
    replicas: 2
    parallelism: {tensor: 1}
    template:
      containers:
        - name: main
          image: vllm/vllm-openai:v0.23.0
          args: [--max-num-batched-tokens, "16384"]
          resources: {limits: {nvidia.com/gpu: "1"}}
`, want: `
model: Qwen/Qwen3-32B-FP8
accelerators: 10
pools:
  prefill: {workers: 2, accelerators_per_worker: 1, tp: 1, token_budget_per_rank: 16384}
  decode: {workers: 4, accelerators_per_worker: 2, tp: 2, max_batch_per_rank: 128}
`},

		"vllm by a file and flags": {files: `== run.sh
#!/usr/bin/env bash
set -euo pipefail
export VLLM_USE_V1=1 VLLM_ATTENTION_BACKEND=FLASHINFER
MODEL=${MODEL:-zai-org/GLM-5-FP8}
TP=8
ARGS=(--config serve.yaml --tensor-parallel-size "$TP" --speculative-config.method mtp --speculative-config.num_speculative_tokens 3)
python3 -m vllm.entrypoints.openai.api_server --model "$MODEL" "${ARGS[@]}" --max_num_seqs=96 &
wait
== serve.yaml
port: 8000
max-num-seqs: 64
max-num-batched-tokens: 4096
kv-cache-dtype: fp8
enable-expert-parallel: true
gpu-memory-utilization: 0.9
compilation-config: {cudagraph_mode: FULL_DECODE_ONLY}
`, want: `
model: zai-org/GLM-5-FP8
accelerators: 8
pools:
  mixed: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 8, ranks: 1, token_budget_per_rank: 4096, max_batch_per_rank: 96,
    utilisation: {value: 0.9, of: total}, draft: {kind: recurrent, name: mtp, depth: 3, verify: 4}, kv: {format: fp8},
    more: {graph_mode: full_decode_only}}
`},

		"vllm by short flags": {files: `== command.txt
vllm serve moonshotai/Kimi-K2-Instruct -tp 8 -dcp 4 -pp 2 -ep --max-num-seqs 32 --cp-kv-cache-interleave-size 16 --kv-cache-dtype auto
`, want: `
accelerators: 16
pools:
  mixed: {workers: 1, accelerators_per_worker: 16, tp: 8, pp: 2, ep: 8, ranks: 1, accelerators_per_rank: 16, max_batch_per_rank: 32,
    kv: {format: null}, more: {context: {decode: 4, interleave: 16}}}
`, deployment: `{aggregated: {accelerators: 16, tp: 8, pp: 2, dcp: 4, ep: 8}}`},

		"vllm in a container": {files: `== run.sh
docker run --rm --gpus all --ipc=host -p 8000:8000 -v ~/.cache/huggingface:/root/.cache/huggingface \
  -e HF_TOKEN=$HF_TOKEN -e VLLM_LOGGING_LEVEL=INFO \
  vllm/vllm-openai:v0.24.0 --model Qwen/Qwen3-235B-A22B-FP8 --tensor-parallel-size 4 --enable-expert-parallel \
  --max-model-len 131072 --enable-auto-tool-choice --tool-call-parser hermes
`, want: `
engine: {family: vllm, version: 0.24.0}
model: Qwen/Qwen3-235B-A22B-FP8
accelerators: 4
pools: {mixed: {workers: 1, accelerators_per_worker: 4, tp: 4, ep: 4, more: {max_sequence: 131072}}}
`},

		"sglang with all parallel flags": {files: `== launch.sh
NNODES=2
python3 -m sglang.launch_server \
  --model-path deepseek-ai/DeepSeek-V3.2 --tp 16 --pp-size 1 --dp 4 --enable-dp-attention --ep 16 --moe-dense-tp-size 1 \
  --attn-cp-size 4 --enable-prefill-cp --dcp-size 1 --nnodes $NNODES --node-rank ${NODE_RANK:-0} --dist-init-addr 10.0.0.1:5000 \
  --chunked-prefill-size $((16384 * 4)) --max-running-requests 256 --mem-fraction-static 0.88 --page-size 64 \
  --speculative-algorithm EAGLE --speculative-num-steps 3 --speculative-eagle-topk 1 --speculative-num-draft-tokens 4 \
  --enable-metrics --watchdog-timeout 1000000 --disable-radix-cache
`, want: `
model: deepseek-ai/DeepSeek-V3.2
accelerators: 16
pools:
  mixed: {workers: 1, accelerators_per_worker: 16, tp: 16, ep: 16, pp: 1, dp_attention: true, ranks: 4, accelerators_per_rank: 4,
    token_budget_per_rank: 16384, max_batch_per_rank: 64, utilisation: {value: 0.88, of: static},
    draft: {kind: recurrent, name: eagle, depth: 3, verify: 4}, kv: {block_tokens: 64},
    more: {context: {prefill: 4, decode: 1}, nodes: 2, prefix_caching: false}}
`, deployment: `{aggregated: {accelerators: 16, tp: 1, pcp: 4, ep: 16, dp_attention: true}, batching: prefill-priority, cache: {off: true}}`},

		"sglang split, by a router": {files: `== start.sh
COMMON="--model-path Qwen/Qwen3-235B-A22B-FP8 --trust-remote-code --mem-fraction-static 0.85 --disaggregation-transfer-backend mooncake"
for i in 0 1; do
  python3 -m sglang.launch_server $COMMON --disaggregation-mode prefill --port $((30000 + i)) --tp-size 4 --base-gpu-id $((i * 4)) --chunked-prefill-size 16384 &
done
python3 -m sglang.launch_server $COMMON --disaggregation-mode decode --port 30100 --tp-size 8 --ep-size 8 --max-running-requests 256 --cuda-graph-max-bs 256 &
python3 -m sglang_router.launch_router --pd-disaggregation --prefill http://localhost:30000 --prefill http://localhost:30001 --decode http://localhost:30100 --prefill-policy cache_aware --decode-policy power_of_two --port 8000
`, want: `
accelerators: 16
pools:
  prefill: {workers: 2, accelerators_per_worker: 4, tp: 4, token_budget_per_rank: 16384, more: {transport: mooncake}}
  decode: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 8, max_batch_per_rank: 256}
`, deployment: `{mode: disaggregated, router: kv-aware}`},

		"trtllm with options of a script": {files: `== serve.sh
cat > /tmp/extra.yaml <<EOF
enable_attention_dp: true
stream_interval: 10
cuda_graph_config:
  max_batch_size: 512
  enable_padding: true
kv_cache_config:
  dtype: fp8
  free_gpu_memory_fraction: 0.8
moe_config:
  backend: CUTLASS
EOF
mpirun -n 1 --oversubscribe --allow-run-as-root trtllm-serve deepseek-ai/DeepSeek-R1 --host 0.0.0.0 --port 8000 \
  --tp_size 8 --ep_size 8 --max_batch_size 512 --max_num_tokens 2048 --extra_llm_api_options /tmp/extra.yaml
`, want: `
engine: {family: trtllm}
model: deepseek-ai/DeepSeek-R1
accelerators: 8
pools:
  mixed: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 8, dp_attention: true, ranks: 8, accelerators_per_rank: 1,
    token_budget_per_rank: 2048, max_batch_per_rank: 512, utilisation: {value: 0.8, of: free}, kv: {format: fp8}, more: {graph_max_batch: 512, stream_interval: 10}}
`},

		"trtllm with contexts over helix": {files: `== gen.yaml
tensor_parallel_size: 2
context_parallel_size: 4
moe_expert_parallel_size: 8
cp_config: {cp_type: HELIX, tokens_per_block: 32}
max_batch_size: 32
max_num_tokens: 64
kv_cache_config: {dtype: fp8, tokens_per_block: 32, free_gpu_memory_fraction: 0.9}
`, want: `
accelerators: 8
pools:
  mixed: {workers: 1, accelerators_per_worker: 8, tp: 2, ep: 8, ranks: 1, accelerators_per_rank: 8, token_budget_per_rank: 64,
    max_batch_per_rank: 32, kv: {format: fp8, block_tokens: 32}, more: {context: {decode: 4, exchange: helix}}}
`, deployment: `{aggregated: {accelerators: 8, tp: 8, dcp: 4, dcp_comm: a2a, ep: 8}}`},

		"trtllm split by one file": {files: `== disagg.yaml
hostname: 0.0.0.0
port: 8000
model: Qwen/Qwen3-30B-A3B-FP8
backend: pytorch
free_gpu_memory_fraction: 0.6
context_servers:
  num_instances: 2
  tensor_parallel_size: 1
  pipeline_parallel_size: 2
  max_num_tokens: 16384
  max_batch_size: 8
  disable_overlap_scheduler: true
  kv_cache_config: {free_gpu_memory_fraction: 0.3}
  cache_transceiver_config: {backend: NIXL}
  router: {type: kv_cache_aware}
  urls: ["a:8001", "b:8001"]
generation_servers:
  num_instances: 1
  tensor_parallel_size: 4
  max_batch_size: 256
  kv_cache_config: {free_gpu_memory_fraction: 0.9}
  cache_transceiver_config: {backend: NIXL}
  urls: ["c:8001"]
`, want: `
accelerators: 8
router: {kind: trtllm-serve, prefill: kv_cache_aware}
pools:
  prefill: {workers: 2, accelerators_per_worker: 2, tp: 1, pp: 2, token_budget_per_rank: 16384, max_batch_per_rank: 8,
    utilisation: {value: 0.3, of: free}, more: {overlap: false, transport: NIXL}}
  decode: {workers: 1, accelerators_per_worker: 4, tp: 4, max_batch_per_rank: 256, utilisation: {value: 0.9, of: free}}
`},

		"dynamo with texts and words": {files: `== deploy.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: x}
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x, args: "--router-mode kv --kv-cache-block-size 64"}}}
    Worker:
      componentType: worker
      replicas: 2
      resources: {limits: {gpu: "4"}}
      extraPodSpec:
        mainContainer:
          image: x
          command: ["python3"]
          args: ["-m", "dynamo.vllm", "--model", "Qwen/Qwen3-30B-A3B", "--tensor-parallel-size", "2", "--data-parallel-size", "2", "--enable-expert-parallel", "--max-model-len", "32768"]
`, want: `
accelerators: 8
router: {kind: dynamo, policy: kv, block_tokens: 64, frontends: 1}
pools: {mixed: {workers: 2, accelerators_per_worker: 4, tp: 2, ep: 4, dp_attention: true, ranks: 2, accelerators_per_rank: 2, more: {max_sequence: 32768}}}
`},

		"llm-d leaders and workers, with a pool": {files: `== lws.yaml
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: decode, labels: {llm-d.ai/role: decode}}
spec:
  replicas: 1
  leaderWorkerTemplate:
    size: 2
    workerTemplate:
      metadata: {labels: {llm-d.ai/role: decode}}
      spec:
        containers:
          - name: vllm
            image: ghcr.io/llm-d/llm-d-cuda:v0.4.0
            command: ["/bin/bash", "-c"]
            args:
              - |
                vllm serve deepseek-ai/DeepSeek-R1 --tensor-parallel-size 1 --data-parallel-size 16 --data-parallel-size-local 8 --enable-expert-parallel --max-num-seqs 256 \
                  --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
            resources: {limits: {nvidia.com/gpu: "8"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: prefill}
spec:
  replicas: 2
  selector: {matchLabels: {llm-d.ai/role: prefill}}
  template:
    metadata: {labels: {llm-d.ai/role: prefill}}
    spec:
      containers:
        - name: vllm
          image: ghcr.io/llm-d/llm-d-cuda:v0.4.0
          args: ["deepseek-ai/DeepSeek-R1", "--tensor-parallel-size", "8", "--enable-expert-parallel"]
          command: ["vllm", "serve"]
          resources: {limits: {nvidia.com/gpu: "8"}}
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool}
spec: {targetPorts: [{number: 8000}], selector: {matchLabels: {app: x}}, endpointPickerRef: {name: epp}}
`, want: `
accelerators: 32
router: {kind: llm-d, policy: null}
pools:
  decode: {workers: 1, accelerators_per_worker: 16, tp: 1, ep: 16, dp_attention: true, ranks: 16, max_batch_per_rank: 256, more: {transport: nixl}}
  prefill: {workers: 2, accelerators_per_worker: 8, tp: 8, ep: 8, ranks: 1}
`},

		"sglang under slurm": {files: `== run.sbatch
#!/bin/bash
#SBATCH --nodes=2
#SBATCH --gpus-per-node=8
#SBATCH --job-name=sgl
MODEL=deepseek-ai/DeepSeek-R1
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n1)
srun --nodes=2 --ntasks-per-node=1 bash -c "python3 -m sglang.launch_server --model-path $MODEL --tp 16 --nnodes 2 --node-rank \$SLURM_NODEID --dist-init-addr $HEAD:5000 \
  --enable-dp-attention --dp 16 --max-running-requests 2048 --chunked-prefill-size 65536"
`, want: `
format: script
accelerators: 16
pools: {mixed: {workers: 1, accelerators_per_worker: 16, tp: 16, ep: 1, dp_attention: true, ranks: 16, token_budget_per_rank: 4096, max_batch_per_rank: 128, more: {nodes: 2}}}
`},

		"sglang by a file below its flags": {files: `== command.txt
python3 -m sglang.launch_server --config sgl.yaml --tp-size 4 --max-running-requests 64
== sgl.yaml
model-path: Qwen/Qwen3.5-397B-A17B-FP8
tp-size: 8
ep-size: 1
mem-fraction-static: 0.8
mamba-scheduler-strategy: extra_buffer
context-length: 131072
`, want: `
accelerators: 4
pools: {mixed: {tp: 4, ep: 1, max_batch_per_rank: 64, utilisation: {value: 0.8, of: static}, more: {max_sequence: 131072}}}
`},

		"trtllm by a file above its flags": {files: `== command.txt
trtllm-serve serve nvidia/DeepSeek-R1-0528-FP4 --backend pytorch --tp_size 4 --ep_size 4 --max_batch_size 256 --max_num_tokens 4096 --kv_cache_free_gpu_memory_fraction 0.85 --config x.yaml
== x.yaml
enable_attention_dp: true
attention_dp_config: {enable_balance: true, batching_wait_iters: 0, timeout_iters: 60}
speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 3}
max_batch_size: 128
print_iter_log: true
`, want: `
accelerators: 4
pools: {mixed: {tp: 4, ep: 4, dp_attention: true, ranks: 4, token_budget_per_rank: 4096, max_batch_per_rank: 128,
  draft: {kind: recurrent, name: mtp, depth: 3, verify: 4}, more: {balance: {timeout: 60, wait: 0}}}}
`},

		"llm-d model service": {files: `== ms.yaml
apiVersion: llm-d.ai/v1alpha1
kind: ModelService
metadata: {name: llama}
spec:
  decoupleScaling: false
  baseConfigMapRef: {name: base}
  routing: {modelName: meta-llama/Llama-3.1-70B-Instruct}
  modelArtifacts: {uri: "hf://meta-llama/Llama-3.1-70B-Instruct"}
  decode:
    replicas: 2
    acceleratorTypes: {labelKey: nvidia.com/gpu.product, labelValues: [NVIDIA-H100]}
    parallelism: {tensor: 4}
    containers:
      - name: vllm
        args: ["--max-num-seqs", "128"]
        resources: {limits: {nvidia.com/gpu: "4"}}
  prefill:
    replicas: 1
    parallelism: {tensor: 2}
    containers:
      - name: vllm
        args: ["--max-num-batched-tokens", "8192"]
        resources: {limits: {nvidia.com/gpu: "2"}}
`, want: `
model: meta-llama/Llama-3.1-70B-Instruct
accelerator: h100
accelerators: 10
pools:
  decode: {workers: 2, accelerators_per_worker: 4, tp: 4, max_batch_per_rank: 128}
  prefill: {workers: 1, accelerators_per_worker: 2, tp: 2, token_budget_per_rank: 8192}
`},

		"vllm by a script that decides": {files: `== run.sh
TP=${TP:-8}; DP=$((16 / TP))
if [[ "$DP" -gt 1 ]]; then EXTRA="--data-parallel-size $DP"; else EXTRA=""; fi
VLLM_ALL2ALL_BACKEND=deepep_high_throughput vllm serve zai-org/GLM-5-FP8 --tensor-parallel-size=$TP $EXTRA \
  --speculative-config='{"method":"mtp","num_speculative_tokens":1}' --compilation-config '{"pass_config":{"fuse_allreduce_rms":true},"cudagraph_mode":"FULL_AND_PIECEWISE"}' \
  --kv-cache-dtype fp8 --swap-space 16 --cpu-offload-gb 0 &
`, want: `
accelerators: 16
pools: {mixed: {accelerators_per_worker: 16, tp: 8, ep: 1, dp_attention: true, ranks: 2, accelerators_per_rank: 8,
  draft: {kind: recurrent, name: mtp, depth: 1, verify: 2}, kv: {format: fp8}, more: {graph_mode: full_and_piecewise}}}
`},

		"dynamo trtllm over nodes": {files: `== deploy.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: x}
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x}}}
    Planner: {componentType: planner, replicas: 1, extraPodSpec: {mainContainer: {image: x, command: [python3, -m, planner.planner_sla], args: ["--environment=kubernetes"]}}}
    prefill:
      componentType: worker
      subComponentType: prefill
      replicas: 1
      multinode: {nodeCount: 2}
      resources: {limits: {gpu: "4"}}
      extraPodSpec: {mainContainer: {image: x, args: ["python3 -m dynamo.trtllm --model-path m --extra-engine-args prefill.yaml --disaggregation-mode prefill --disaggregation-strategy decode_first"], command: ["/bin/sh", "-c"]}}
    decode:
      componentType: worker
      subComponentType: decode
      replicas: 1
      multinode: {nodeCount: 4}
      resources: {limits: {gpu: "4"}}
      extraPodSpec: {mainContainer: {image: x, args: ["python3 -m dynamo.trtllm --model-path m --extra-engine-args decode.yaml --disaggregation-mode decode"], command: ["/bin/sh", "-c"]}}
== prefill.yaml
tensor_parallel_size: 8
moe_expert_parallel_size: 8
enable_attention_dp: true
max_num_tokens: 8192
max_batch_size: 2
== decode.yaml
tensor_parallel_size: 16
moe_expert_parallel_size: 16
enable_attention_dp: true
max_num_tokens: 512
max_batch_size: 128
moe_config: {backend: WIDEEP, load_balancer: {num_slots: 288, layer_updates_per_iter: 1}}
`, want: `
accelerators: 24
pools:
  prefill: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 8, dp_attention: true, ranks: 8, token_budget_per_rank: 8192, max_batch_per_rank: 2}
  decode: {workers: 1, accelerators_per_worker: 16, tp: 16, ep: 16, dp_attention: true, ranks: 16, token_budget_per_rank: 512, max_batch_per_rank: 128, more: {expert_slots: 288}}
`},

		"vllm with a block draft by dotted flags": {files: `== command.txt
vllm serve deepseek-ai/DeepSeek-V4-Pro --tensor-parallel-size 8 --decode-context-parallel-size 4 --speculative-config.method=dspark --speculative-config.num_speculative_tokens=5 --speculative-config.synthetic_acceptance_length=3.6
`, want: `
accelerators: 8
pools: {mixed: {tp: 8, draft: {kind: block, name: dspark, depth: 5, verify: 6, accepted_length: 3.6}, more: {context: {decode: 4}}}}
`},

		"sglang ranks of one worker in a loop": {files: `== run.sh
python -m sglang.launch_server --model-path m --tp 8 --disaggregation-mode prefill --port 30000 --nnodes 1 &
for n in 0 1; do python -m sglang.launch_server --model-path m --tp 16 --nnodes 2 --node-rank $n --dp 16 --enable-dp-attention --moe-a2a-backend deepep --disaggregation-mode decode --port 30001 & done
python -m sglang.srt.disaggregation.mini_lb --prefill http://a:30000 --decode http://b:30001
`, want: `
accelerators: 24
router: {kind: sglang}
pools:
  prefill: {workers: 1, accelerators_per_worker: 8, tp: 8, ep: 1, ranks: 1}
  decode: {workers: 1, accelerators_per_worker: 16, tp: 16, ep: 16, dp_attention: true, ranks: 16}
`},
	}
}

func TestBadRecipesOfTheKinds(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"dcp does not divide tp":     {"== c.txt\nvllm serve m -tp 8 -dcp 3\n", []string{`-dcp: 3 does not divide tensor-parallel-size 8`}},
		"cp of a rank":               {"== c.txt\npython -m sglang.launch_server --model m --tp 8 --dp 4 --enable-dp-attention --attn-cp-size 4\n", []string{`attn-cp-size: 4 does not divide the 2 accelerators of a rank`}},
		"a key that is nearly right": {"== g.yaml\ntensor_parallel_size: 8\nmax_num_token: 8192\n", []string{`max_num_token: no such key; max_num_tokens is meant`}},
		"a truncated flow": {"== d.yaml\napiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nspec:\n" +
			"  services: {W: {replicas: 1, extraPodSpec: {mainContainer: {args: [--model, \"m\n", []string{`d.yaml:4: could not find end character of double-quoted text`}},
		"experts that do not fit":    {"== g.yaml\ntensor_parallel_size: 8\nmoe_tensor_parallel_size: 4\nmoe_expert_parallel_size: 4\n", []string{`moe_tensor_parallel_size: 4 times 4`}},
		"a substitution in an array": {"== s.sh\nA=(--tp $(nproc))\npython -m sglang.launch_server --model m \"${A[@]}\"\n", []string{`\$\(nproc\)`}},
		"a process substitution":     {"== s.sh\ntrtllm-serve m --extra_llm_api_options <(echo a: 1)\n", []string{`never run`}},
		"parallelism against its flags": {"== v.yaml\nmodelArtifacts: {name: m}\n" +
			"decode: {replicas: 1, parallelism: {tensor: 4}, containers: [{name: vllm, image: x, modelCommand: vllmServe, args: [\"--tensor-parallel-size\", \"8\"]}]}\nprefill: {create: false}\n", []string{`8, but parallelism.tensor is 4`}},
		"decode without prefill": {"== s.sh\npython -m sglang.launch_server --model m --tp 4 --disaggregation-mode decode\n", []string{`prefill`}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Read(files(c.text), Options{})
			require.Nil(t, r)
			require.Error(t, err)
			require.Len(t, strings.Split(err.Error(), "\n"), len(c.want), err.Error())
			for _, want := range c.want {
				require.Regexp(t, want, err.Error())
			}
		})
	}
}
