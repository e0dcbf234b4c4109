package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// inShort is a recipe in one line a pool.
func inShort(r *Recipe) string {
	number := func(n *int) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	var lines []string
	for _, role := range slices.Sorted(maps.Keys(r.Pools)) {
		p := r.Pools[role]
		line := fmt.Sprintf("%s %dx%d tp%d ep%d pp%d ranks%d", role, p.Workers, p.AcceleratorsPerWorker, p.TP, p.EP, p.PP, p.Ranks)
		if p.DPAttention {
			line += " dp"
		}
		line += fmt.Sprintf(" %s/%s", number(p.TokenBudgetPerRank), number(p.MaxBatchPerRank))
		if p.Draft.Kind != noDraft {
			line += fmt.Sprintf(" %s:%s:%s", p.Draft.Kind, p.Draft.Name, number(p.Draft.Depth))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// files splits "== name" sections.
func files(text string) []File {
	var out []File
	for _, part := range strings.Split("\n"+text, "\n== ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		out = append(out, File{Name: name, Text: []byte(body)})
	}
	return out
}

func TestRecipesOfManyKinds(t *testing.T) {
	for name, c := range varied() {
		t.Run(name, func(t *testing.T) {
			r, err := Read(files(c.text), Options{Variables: c.variables})
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(c.want), inShort(r))
			require.Empty(t, r.NotRead)
			require.NotEmpty(t, r.Deployment, "%v", r.Assumed)
		})
	}
}

type variedCase struct {
	text, want string
	variables  map[string]string
}

func varied() map[string]variedCase {
	return map[string]variedCase{
		"dynamo vllm, disaggregated by flags": {text: `== deploy.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: vllm-disagg}
spec:
  services:
    Frontend:
      dynamoNamespace: vllm-disagg
      componentType: frontend
      replicas: 1
      extraPodSpec: {mainContainer: {image: my-registry/vllm-runtime:1.0}}
    VllmDecodeWorker:
      dynamoNamespace: vllm-disagg
      envFromSecret: hf
      componentType: worker
      subComponentType: decode
      replicas: 2
      resources: {limits: {gpu: "2"}}
      extraPodSpec:
        mainContainer:
          image: my-registry/vllm-runtime:1.0
          workingDir: /workspace
          command: [python3, -m, dynamo.vllm]
          args: [--model, Qwen/Qwen3-32B, -tp, "2", --max-num-seqs, "64"]
    VllmPrefillWorker:
      componentType: worker
      subComponentType: prefill
      replicas: 1
      resources: {limits: {gpu: "2"}}
      extraPodSpec:
        mainContainer:
          command: [/bin/sh, -c]
          args:
            - "python3 -m dynamo.vllm --model Qwen/Qwen3-32B --tensor-parallel-size 2 --max-num-batched-tokens 16384 --is-prefill-worker 2>&1 | tee /tmp/vllm.log"
`, want: `
decode 2x2 tp2 ep1 pp1 ranks1 -/64
prefill 1x2 tp2 ep1 pp1 ranks1 16384/-`},
		"dynamo aggregated, worker named decode": {text: `== agg.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: agg}
spec:
  backendFramework: vllm
  envs:
    - {name: DYN_STORE_KV, value: mem}
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x}}}
    VllmDecodeWorker:
      componentType: worker
      replicas: 1
      resources: {limits: {gpu: "1"}}
      extraPodSpec: {mainContainer: {image: x, args: [--model, Qwen/Qwen3-0.6B, --max-model-len=16k]}}
`, want: `mixed 1x1 tp1 ep1 pp1 ranks1 -/-`},
		"dynamo sglang over nodes": {text: `== deploy.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: r1}
spec:
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x, command: [python3, -m, dynamo.frontend], args: ["--router-mode=kv"]}}}
    prefill:
      componentType: worker
      subComponentType: prefill
      replicas: 1
      multinode: {nodeCount: 2}
      resources: {limits: {gpu: "8"}}
      extraPodSpec:
        mainContainer:
          image: x
          command: [python3, -m, dynamo.sglang]
          args: [--model-path, deepseek-ai/DeepSeek-R1, --tp, "16", --dp-size, "16", --enable-dp-attention, --moe-a2a-backend, deepep, --chunked-prefill-size, "131072", --disaggregation-mode, prefill]
    decode:
      componentType: worker
      subComponentType: decode
      replicas: 1
      multinode: {nodeCount: 4}
      resources: {limits: {gpu: "8"}}
      extraPodSpec:
        mainContainer:
          image: x
          command: [python3, -m, dynamo.sglang]
          args: [--model-path, deepseek-ai/DeepSeek-R1, --tp, "32", --dp-size, "8", --enable-dp-attention, --ep-size, "32", --max-running-requests, "1000", --disaggregation-mode, decode]
`, want: `
decode 1x32 tp32 ep32 pp1 ranks8 dp -/125
prefill 1x16 tp16 ep16 pp1 ranks16 dp 8192/-`},
		"dynamo trtllm with config maps": {text: `== deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: llm-config}
data:
  prefill.yaml: |
    tensor_parallel_size: 4
    moe_expert_parallel_size: 4
    enable_attention_dp: true
    max_batch_size: 16
    max_num_tokens: 8192
    trust_remote_code: true
    backend: pytorch
    disable_overlap_scheduler: true
    kv_cache_config: {free_gpu_memory_fraction: 0.3, dtype: fp8}
    cache_transceiver_config: {backend: DEFAULT}
  decode.yaml: |
    tensor_parallel_size: 8
    max_batch_size: 256
    max_num_tokens: 1024
    speculative_config: {decoding_type: Eagle, max_draft_len: 3, speculative_model_dir: nvidia/eagle3}
    cuda_graph_config: {batch_sizes: [1, 2, 4], enable_padding: true}
    kv_cache_config: {free_gpu_memory_fraction: 0.85, dtype: fp8}
---
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata: {name: trt}
spec:
  backendFramework: trtllm
  services:
    Frontend: {componentType: frontend, replicas: 1, extraPodSpec: {mainContainer: {image: x}}}
    TRTLLMPrefillWorker:
      componentType: worker
      subComponentType: prefill
      replicas: 3
      resources: {limits: {gpu: "4"}}
      extraPodSpec:
        volumes: [{name: c, configMap: {name: llm-config}}]
        mainContainer:
          volumeMounts: [{name: c, mountPath: /cfg}]
          command: [python3, -m, dynamo.trtllm]
          args: [--model-path, openai/gpt-oss-120b, --extra-engine-args, /cfg/prefill.yaml, --disaggregation-mode, prefill, --publish-events-and-metrics]
    TRTLLMDecodeWorker:
      componentType: worker
      subComponentType: decode
      replicas: 1
      resources: {limits: {gpu: "8"}}
      extraPodSpec:
        volumes: [{name: c, configMap: {name: llm-config}}]
        mainContainer:
          volumeMounts: [{name: c, mountPath: /cfg}]
          command: [/bin/sh, -c]
          args: ["python3 -m dynamo.trtllm --model-path openai/gpt-oss-120b --extra-engine-args /cfg/decode.yaml --disaggregation-mode decode"]
`, want: `
decode 1x8 tp8 ep1 pp1 ranks1 1024/256 recurrent:eagle:3
prefill 3x4 tp4 ep4 pp1 ranks4 dp 8192/16`},
		"llm-d wide ep in leader-worker sets": {text: `== decode.yaml
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: wide-ep-decode}
spec:
  replicas: 1
  leaderWorkerTemplate:
    size: 2
    workerTemplate:
      metadata: {labels: {llm-d.ai/inferenceServing: "true", llm-d.ai/role: decode}}
      spec:
        initContainers:
          - {name: routing-proxy, image: "llm-d-routing-sidecar:v0.4", args: [--port=8000]}
        containers:
          - name: vllm
            image: llm-d-cuda:v0.4
            command: [/bin/bash, -c]
            args:
              - |-
                START_RANK=$(( ${LWS_WORKER_INDEX:-0} * DP_SIZE_LOCAL ))
                find /dev/shm -type f -delete
                exec vllm serve \
                  deepseek-ai/DeepSeek-R1-0528 \
                  --port 8200 --trust-remote-code --disable-uvicorn-access-log \
                  --data-parallel-hybrid-lb --enable-expert-parallel \
                  --tensor-parallel-size $TP_SIZE \
                  --data-parallel-size $((LWS_GROUP_SIZE * DP_SIZE_LOCAL)) \
                  --data-parallel-size-local $DP_SIZE_LOCAL \
                  --data-parallel-address ${LWS_LEADER_ADDRESS} \
                  --data-parallel-rpc-port 5555 --data-parallel-start-rank $START_RANK \
                  --kv_transfer_config '{"kv_connector":"NixlConnector", "kv_role":"kv_both"}' \
                  --async-scheduling --enable-dbo --dbo-decode-token-threshold 32 \
                  --enable-eplb --eplb-config '{"window_size":"1000", "num_redundant_experts":"32"}'
            env:
              - {name: DP_SIZE_LOCAL, value: "8"}
              - {name: TP_SIZE, value: "1"}
              - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            resources: {limits: {nvidia.com/gpu: 8}}
== prefill.yaml
apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: wide-ep-prefill}
spec:
  replicas: 2
  leaderWorkerTemplate:
    size: 2
    workerTemplate:
      metadata: {labels: {llm-d.ai/role: prefill}}
      spec:
        containers:
          - name: vllm
            image: llm-d-cuda:v0.4
            command: [/bin/bash, -c]
            args: ["exec vllm serve deepseek-ai/DeepSeek-R1-0528 --enable-expert-parallel --tensor-parallel-size 1 --data-parallel-size 16 --data-parallel-size-local 8"]
            resources: {limits: {nvidia.com/gpu: 8}}
`, want: `
decode 1x16 tp1 ep16 pp1 ranks16 dp -/-
prefill 2x16 tp1 ep16 pp1 ranks16 dp -/-`},
		"llm-d values without prefill": {text: `== ms.yaml
modelArtifacts: {uri: "hf://Qwen/Qwen3-32B", name: Qwen/Qwen3-32B}
decode:
  create: true
  replicas: 8
  parallelism: {tensor: 2, data: 1}
  containers:
    - {name: vllm, image: "llm-d-cuda:v0.4", modelCommand: vllmServe, args: [--max-num-seqs=200, "--kv-cache-dtype", fp8]}
prefill: {create: false}
`, want: `mixed 8x2 tp2 ep1 pp1 ranks1 -/200`},
		"kubernetes deployment of sglang": {text: `== d.yml
apiVersion: apps/v1
kind: Deployment
metadata: {name: sgl}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: main
          image: lmsysorg/sglang:v0.5.6.post2-cu129
          command: ["python3", "-m", "sglang.launch_server", "--model-path", "$(MODEL)", "--tp=4", "--dp=2"]
          env: [{name: MODEL, value: meta-llama/Llama-3.1-70B}]
          resources: {requests: {nvidia.com/gpu: 8}, limits: {nvidia.com/gpu: 8}}
---
apiVersion: v1
kind: Service
metadata: {name: sgl}
spec: {ports: [{port: 80}]}
`, want: `mixed 3x8 tp4 ep1 pp1 ranks2 -/-`},
		"script with heredoc for trtllm": {text: `== run.sh
#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
set -x
SERVER_LOG=$(mktemp /tmp/server-XXXXXX.log)
hf download "$MODEL"
MOE_BACKEND="TRTLLM"
if [[ "$DP_ATTENTION" == "true" ]]; then
  MOE_BACKEND="CUTLASS"
fi
cat > config.yml << EOF
cuda_graph_config:
    enable_padding: true
    max_batch_size: $CONC
enable_attention_dp: $DP_ATTENTION
kv_cache_config:
    dtype: fp8
    free_gpu_memory_fraction: 0.8
    enable_block_reuse: false
moe_config:
    backend: $MOE_BACKEND
EOF
if [[ "$DP_ATTENTION" == "true" ]]; then
cat << EOF >> config.yml
attention_dp_config:
    batching_wait_iters: 0
    enable_balance: true
    timeout_iters: 60
EOF
fi
MAX_NUM_TOKENS=$(( (CONC + ISL + 64 + 63) / 64 * 64 ))
mpirun -n 1 --oversubscribe --allow-run-as-root trtllm-serve $MODEL --port=$PORT --trust_remote_code --backend=pytorch \
  --max_batch_size $CONC --max_num_tokens=$MAX_NUM_TOKENS --tp_size=$TP --ep_size=$EP_SIZE --extra_llm_api_options=config.yml > $SERVER_LOG 2>&1 &
SERVER_PID=$!
`, want: `mixed 1x4 tp4 ep4 pp1 ranks4 dp 1152/64`, variables: map[string]string{
			"MODEL": "nvidia/DeepSeek-R1", "DP_ATTENTION": "true", "CONC": "64", "ISL": "1024", "PORT": "8888", "TP": "4", "EP_SIZE": "4",
		}},
		"docker run and case": {text: `== serve.sh
GPU=h200
case "$GPU" in
  h100) TP=4 ;;
  h200|b200) TP=8 ;;
  *) TP=1 ;;
esac
args=(--tensor-parallel-size "$TP")
args+=(--max-num-seqs 256)
docker run --rm --gpus all -e HF_TOKEN=x -v /data:/data -p 8000:8000 vllm/vllm-openai:v0.11.0 --model openai/gpt-oss-120b "${args[@]}" --async-scheduling --no-enable-prefix-caching
`, want: `mixed 1x8 tp8 ep1 pp1 ranks1 -/256`},
		"loop over workers": {text: `== serve.sh
for i in 0 1 2 3; do
  CUDA_VISIBLE_DEVICES=$i vllm serve meta-llama/Llama-3.1-8B --port $((8000 + i)) --max-num-batched-tokens 4096 &
done
wait
`, want: `mixed 4x1 tp1 ep1 pp1 ranks1 4096/-`},
		"function with arguments": {text: `== serve.sh
start() {
  local role=$1 tp=$2
  python -m sglang.launch_server --model-path m --tp "$tp" --disaggregation-mode "$role" --speculative-algorithm EAGLE3 --speculative-num-steps 5 --speculative-eagle-topk 4 --speculative-num-draft-tokens 16 &
}
start prefill 4
start decode 8
`, want: `
decode 1x8 tp8 ep1 pp1 ranks1 -/- recurrent:eagle3:5
prefill 1x4 tp4 ep1 pp1 ranks1 -/- recurrent:eagle3:5`},
		"vllm over two nodes": {text: `== commands.txt
# node 0
vllm serve deepseek-ai/DeepSeek-R1 -dp 16 -dpl 8 -dpa 10.0.0.1 -dpp 13345 -ep --all2all-backend deepep_low_latency --max-num-seqs 512
# node 1
vllm serve deepseek-ai/DeepSeek-R1 --headless -dp 16 -dpl 8 --data-parallel-start-rank 8 -dpa 10.0.0.1 -dpp 13345 -ep
`, want: `mixed 1x16 tp1 ep16 pp1 ranks16 dp -/512`},
		"vllm with a configuration file": {text: `== command.txt
vllm serve --config config.yaml --max-num-seqs 32
== config.yaml
model: meta-llama/Llama-3.1-70B-Instruct
tensor-parallel-size: 4
pipeline_parallel_size: 2
max-num-seqs: 64
gpu_memory_utilization: 0.95
speculative-config: {method: ngram, num_speculative_tokens: 5, prompt_lookup_max: 4}
`, want: `mixed 1x8 tp4 ep1 pp2 ranks1 -/32 lookup:ngram:5`},
		"options alone": {text: `== gen.yaml
tensor_parallel_size: 8
pipeline_parallel_size: 2
moe_expert_parallel_size: 4
max_num_tokens: 2048
max_batch_size: 32
`, want: `mixed 1x16 tp8 ep4 pp2 ranks1 2048/32`},
		"orchestrator with servers inline": {text: `== disagg.yaml
hostname: localhost
port: 8000
model: TinyLlama
backend: pytorch
context_servers:
  num_instances: 2
  tensor_parallel_size: 2
  max_num_tokens: 4096
  urls: ["localhost:8001", "localhost:8002"]
generation_servers:
  num_instances: 1
  tensor_parallel_size: 4
  max_batch_size: 64
  urls: ["localhost:8003"]
`, want: `
decode 1x4 tp4 ep1 pp1 ranks1 -/64
prefill 2x2 tp2 ep1 pp1 ranks1 4096/-`},
		"compose of sglang with a router": {text: `== compose.yaml
x-common: &common
  image: lmsysorg/sglang:v0.5.5
  shm_size: 32gb
  ipc: host
services:
  prefill:
    <<: *common
    entrypoint: python3 -m sglang.launch_server
    command: --model-path Qwen/Qwen3-235B-A22B --tp-size 4 --disaggregation-mode prefill --chunked-prefill-size ${CHUNK:-16384}
    deploy: {replicas: 2, resources: {reservations: {devices: [{driver: nvidia, count: 4, capabilities: [gpu]}]}}}
  decode:
    <<: *common
    command:
      - bash
      - -c
      - |
        TP=8
        python3 -m sglang.launch_server --model-path Qwen/Qwen3-235B-A22B --tp $$TP \
          --disaggregation-mode decode --max-running-requests 512
  router:
    image: lmsysorg/sglang-router:v0.2
    command: ["python3", "-m", "sglang_router.launch_router", "--pd-disaggregation", "--prefill", "http://prefill:30000", "--decode", "http://decode:30000", "--policy", "power_of_two"]
`, want: `
decode 1x8 tp8 ep1 pp1 ranks1 -/512
prefill 2x4 tp4 ep1 pp1 ranks1 16384/-`},
		"srt aggregated": {text: `== r.yaml
name: agg
model: {path: m, container: "vllm/vllm-openai:v0.20.1", precision: fp8}
resources: {gpu_type: b200, gpus_per_node: 8, agg_nodes: 2, agg_workers: 4}
backend:
  type: vllm
  vllm_config:
    aggregated:
      tensor-parallel-size: 2
      data_parallel_size: 2
      max-num-seqs: "128"
      speculative-config: {method: dflash, num_speculative_tokens: 7, model: x}
frontend: {type: dynamo}
`, want: `mixed 4x4 tp2 ep1 pp1 ranks2 dp -/128 block:dflash:7`},
	}
}

func TestFaultsAreOneLineEach(t *testing.T) {
	const srt = `== r.yaml
name: x
model: {path: m}
resources: {gpu_type: h200, gpus_per_node: 8, prefill_nodes: 1, prefill_workers: 1, decode_nodes: 1, decode_workers: 1}
backend:
  type: sglang
`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"two roles missing": {srt, []string{`r.yaml:\d: backend.sglang_config\.prefill: is missing`, `sglang_config\.decode: is missing`}},
		"dp does not divide": {srt + `  sglang_config:
    prefill: {tp-size: 8, dp-size: 3, enable-dp-attention: true}
    decode: {tp-size: 8, speculative-algorithm: EAGLE, speculative-num-steps: 3, speculative-eagle-topk: 1, speculative-num-draft-tokens: 8}
`, []string{`prefill\.dp-size: 3 does not divide`, `speculative-num-draft-tokens: 8, but 3 steps`}},
		"given twice":       {"== c.txt\nvllm serve m --tensor-parallel-size 4 -tp 8\n", []string{`-tp: 8, but --tensor-parallel-size in line 1 says 4`}},
		"truncated quote":   {"== c.txt\nvllm serve m --speculative-config '{\"method\":\n", []string{`c.txt:\d: .*unterminated`}},
		"nothing there":     {"== c.txt\nls -l\n", []string{`no engine is started`}},
		"conditional":       {"== c.sh\nif nvidia-smi; then vllm serve m; fi\n", []string{`c.sh:1: a conditional`}},
		"backticks":         {"== c.sh\nvllm serve m -tp `nproc`\n", []string{"-tp: `nproc`: a substitution"}},
		"of a variable":     {"== c.sh\nN=$(nproc)\nvllm serve m -tp $N\n", []string{`-tp: \$N has no value here .*substitution`}},
		"prefill alone":     {"== c.sh\npython -m sglang.launch_server --model m --disaggregation-mode prefill\n", []string{`role decode is missing`}},
		"unequal workers":   {"== c.sh\nvllm serve m -tp 2 &\nvllm serve m -tp 4 &\n", []string{`differs from the mixed worker`}},
		"file is not given": {"== c.sh\ntrtllm-serve m --extra_llm_api_options x.yaml\n", []string{`--extra_llm_api_options: x.yaml is not among the files`}},
		"not a number":      {"== c.sh\nvllm serve m --max-num-seqs many\n", []string{`--max-num-seqs: "many": want a whole number`}},
		"braces":            {"== c.sh\nvllm serve m --x {1..1000000000}\n", []string{`braces, which are not expanded`}},
		"aliases":           {"== d.yaml\n" + bomb(), []string{`aliases blow up`}},
		"too deep":          {"== d.yaml\na: " + strings.Repeat("[", 200) + "\n", []string{`open brackets`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(files(c.text), Options{})
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(c.want), err.Error())
			for _, want := range c.want {
				require.Regexp(t, want, err.Error())
			}
		})
	}
}

// bomb is YAML whose aliases stand for 8^7 values.
func bomb() string {
	text := "a0: &a0 x\n"
	for i := range 7 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), ", "))
	}
	return text
}

// Roles that only a router in front knows, and what else stands around engines.
func TestRolesByPortAndWhatStandsAround(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"ports of a proxy": {`== run.sh
COMMON=(--gpu-memory-utilization 0.9 --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"kv_both"}')
CUDA_VISIBLE_DEVICES=0,1 vllm serve m --port 8100 -tp 2 "${COMMON[@]}" "$@" &
CUDA_VISIBLE_DEVICES=2,3,4,5 vllm serve m --port 8200 -tp 4 "${COMMON[@]}" &
python3 tests/toy_proxy_server.py --port 8192 --prefiller-port 8100 --decoder-port 8200
`, `
decode 1x4 tp4 ep1 pp1 ranks1 -/-
prefill 1x2 tp2 ep1 pp1 ranks1 -/-`},
		"over ssh": {`== run.sh
TP=8
ssh node1 "vllm serve m -tp $TP --max-num-seqs 3"
`, `mixed 1x8 tp8 ep1 pp1 ranks1 -/3`},
		"until it is ready": {`== run.sh
until curl -s localhost:8000/health; do sleep 1; done
[ -f model.txt ] || hf download m
[[ -n "$EXTRA" ]] && FLAGS="--x $EXTRA"
vllm serve m -tp 2
`, `mixed 1x2 tp2 ep1 pp1 ranks1 -/-`},
		"copies of sglang": {`== c.txt
python -m sglang.launch_server --model-path m --tp-size 2 --dp-size 4 --chunked-prefill-size 4096 --max-running-requests 64
`, `mixed 1x8 tp2 ep1 pp1 ranks4 4096/64`},
		"no chunks": {`== c.txt
sglang serve --model-path m --tp-size 2 --chunked-prefill-size -1 --max-prefill-tokens 32768
`, `mixed 1x2 tp2 ep1 pp1 ranks1 32768/-`},
		"decode on the nodes of prefill": {`== r.yaml
model: {path: "hf:org/m"}
resources: {gpu_type: h100, gpus_per_node: 8, prefill_nodes: 1, prefill_workers: 1, decode_nodes: 0, decode_workers: 1}
backend:
  type: sglang
  sglang_config:
    prefill: {tp_size: 4, disaggregation_mode: prefill}
    decode: {tp_size: 4, disaggregation_mode: decode}
`, `
decode 1x4 tp4 ep1 pp1 ranks1 -/-
prefill 1x4 tp4 ep1 pp1 ranks1 -/-`},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Read(files(c.text), Options{})
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(c.want), inShort(r))
			require.Empty(t, r.NotRead)
			require.NotEmpty(t, r.Deployment, "%v", r.Assumed)
		})
	}
}

func TestWhatIsEmptyAndWhatIsLeftOut(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"null and empty": {`== o.yaml
tensor_parallel_size: 4
moe_expert_parallel_size: -1
max_num_tokens: 1024
speculative_config: null
moe_config: {}
kv_cache_config: {}
cuda_graph_config: {}
`, `mixed 1x4 tp4 ep1 pp1 ranks1 1024/-`},
		"what moe tensor parallelism leaves": {`== o.yaml
tensor_parallel_size: 8
moe_tensor_parallel_size: 2
max_num_tokens: 1024
`, `mixed 1x8 tp8 ep4 pp1 ranks1 1024/-`},
		"values with no prefill pods": {`== v.yaml
modelArtifacts: {name: org/m}
acceleratorTypes: {labelKey: nvidia.com/gpu.product, labelValues: [NVIDIA-H100-80GB-HBM3]}
decode:
  replicas: 2
  parallelism: {tensor: 1, data: 16, dataLocal: 8}
  containers:
    - name: vllm
      image: llm-d-cuda:v0.4
      modelCommand: custom
      command: [/bin/bash, -c]
      args:
        - |
          exec vllm serve org/m --enable-expert-parallel --tensor-parallel-size $TP_SIZE \
            --data-parallel-size $DP_SIZE --data-parallel-size-local $DP_SIZE_LOCAL
      resources: {limits: {nvidia.com/gpu: "8"}}
prefill: {replicas: 0, containers: [{name: vllm, image: x}]}
`, `mixed 2x16 tp1 ep16 pp1 ranks16 dp -/-`},
		"compose text over lines": {`== compose.yaml
services:
  llm:
    image: vllm/vllm-openai:v0.24.0
    command: |
      org/m \
        --tensor-parallel-size 2 \
        --speculative-config '{"method": "suffix", "num_speculative_tokens": 8}'
    environment: ["NVIDIA_VISIBLE_DEVICES=0,1", "X=y"]
    scale: 3
`, `mixed 3x2 tp2 ep1 pp1 ranks1 -/- lookup:suffix:8`},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Read(files(c.text), Options{})
			require.NoError(t, err)
			require.Equal(t, strings.TrimSpace(c.want), inShort(r))
			require.Empty(t, r.NotRead)
			require.NotEmpty(t, r.Deployment, "%v", r.Assumed)
		})
	}
}

func TestMisspeltKeysOfManifests(t *testing.T) {
	const agg = "backend: {type: vllm, vllm_config: {aggregated: {tensor-parallel-size: 8}}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"resources": {"== r.yaml\nresource: {gpus_per_node: 8}\n" + agg, "resource: no such key; resources is meant"},
		"workers": {
			"== r.yaml\nresources: {gpus_per_node: 8, prefil_workers: 8}\n" + agg,
			"resources.prefil_workers: no such key; prefill_workers is meant",
		},
		"underscores": {
			"== r.yaml\nresources: {agg_nodes: 1}\nbackend: {type: vllm, vllm_config: {aggregated: {max_num_batch_tokens: 1}}}\n",
			"max_num_batch_tokens: no such key; max_num_batched_tokens is meant",
		},
		"replicas": {`== d.yaml
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
spec:
  services:
    W:
      componentType: worker
      replica: 2
      extraPodSpec: {mainContainer: {command: [python3, -m, dynamo.vllm], args: [--model, m]}}
`, "spec.W.replica: no such key; replicas is meant"},
		"command": {
			"== c.yaml\nservices: {llm: {image: 'vllm/vllm-openai:v1', comand: [--model, m]}}\n",
			"services.llm.comand: no such key; command is meant",
		},
	} {
		_, err := Read(files(c.text), Options{})
		require.ErrorContains(t, err, c.want, name)
	}
	r, err := Read(files("== r.yaml\nresources: {gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}\n"+agg+
		"frontend: {type: dynamo, args: [--router-mode, kv, --busy-level, \"3\"]}\nsurprise: 1\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, "kv", *r.Router.Policy)
	require.Equal(t, []string{"surprise", "--busy-level"}, []string{r.NotRead[0].Key, r.NotRead[1].Key})
}
