package recipe

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/serve"
)

// firstPort is where the first worker listens.
const firstPort = 8001

// commands writes a script with a line a worker, and the files it names.
func (w writer) commands() ([]Output, error) {
	var script strings.Builder
	script.WriteString("#!/bin/bash\n")
	for _, line := range w.remarks() {
		fmt.Fprintf(&script, "# %s\n", line)
	}
	var files []Output
	ports := map[string][]string{}
	port := firstPort
	for _, p := range w.d.Pools() {
		options := w.options(p)
		command := map[string]string{
			vllm:   "vllm serve " + w.target.Model,
			sglang: "python3 -m sglang.launch_server --model-path " + w.target.Model,
			trtllm: "trtllm-serve " + w.target.Model,
		}[w.family]
		if w.family == trtllm {
			name := p.Name + ".yaml"
			files = append(files, Output{Name: name, Text: configuration(options)})
			options = []option{{"extra_llm_api_options", name}}
		}
		for range p.Workers {
			fmt.Fprintf(&script, "%s --port %d", command, port)
			for _, word := range arguments(options) {
				if strings.HasPrefix(word, "{") {
					word = "'" + word + "'"
				}
				if strings.HasPrefix(word, "--") {
					script.WriteString(" \\\n ")
				}
				script.WriteString(" " + word)
			}
			script.WriteString(" &\n")
			ports[p.Name] = append(ports[p.Name], fmt.Sprint(port))
			port++
		}
	}
	files = append(files, w.route(&script, ports)...)
	script.WriteString("wait\n")
	return append([]Output{{Name: "serve.sh", Text: script.String()}}, files...), nil
}

// remarks say what no flag does.
func (w writer) remarks() []string {
	p := w.d.Precision
	lines := []string{
		fmt.Sprintf("The checkpoint decides the formats of weights: experts %s, dense %s.", p.Experts, p.Dense),
	}
	if w.target.For != Dynamo {
		lines = append(lines, "Every worker wants accelerators, and nodes, of its own.")
	}
	if slices.ContainsFunc(w.d.Pools(), func(p serve.NamedPool) bool { return p.Spec.Depth() > 0 }) {
		lines = append(lines, "Drafts come from the model's own layers: a scenario says only how many.")
	}
	if w.family == trtllm {
		lines = append(lines, "The share of memory is the engine's: it counts what is free after the weights.")
	}
	if w.d.Router != "" && (w.family == trtllm && w.d.Mode == serve.Aggregated || w.policy() == "") {
		lines = append(lines, fmt.Sprintf("No flag here for the router %s.", w.d.Router))
	}
	if w.d.Batching == serve.PrefillPriority && w.family != sglang {
		lines = append(lines, "No flag for prompts before decode: this engine mixes them.")
	}
	if len(w.d.Cache.Tiers) > 0 {
		lines = append(lines, "The cache's tiers below accelerator memory are not set here.")
	}
	return lines
}

// policy is the name of the router's policy in the target's own words.
func (w writer) policy() string {
	names := map[string]string{
		serve.KVAware: "cache_aware", serve.RoundRobin: "round_robin", serve.PowerOfTwo: "power_of_two",
		serve.ConversationAffinity: "consistent_hashing",
	}
	switch {
	case w.target.For == Dynamo:
		names = map[string]string{
			serve.KVAware: "kv", serve.RoundRobin: "round-robin", serve.LeastLoaded: "least-loaded",
			serve.ConversationAffinity: "kv",
		}
	case w.family == vllm:
		names[serve.ConversationAffinity] = "consistent_hash"
	case w.family == trtllm:
		names = map[string]string{
			serve.KVAware: "kv_cache_aware", serve.RoundRobin: "round_robin", serve.LeastLoaded: "load_balancing",
		}
	}
	return names[w.d.Router]
}

// route writes the router in front of the workers.
func (w writer) route(script *strings.Builder, ports map[string][]string) []Output {
	policy := w.policy()
	if w.family == trtllm {
		if w.d.Mode == serve.Aggregated {
			return nil
		}
		var b strings.Builder
		fmt.Fprintf(&b, "hostname: localhost\nport: 8000\n")
		for _, side := range []struct{ key, pool string }{{"context_servers", "prefill"}, {"generation_servers", "decode"}} {
			fmt.Fprintf(&b, "%s:\n  num_instances: %d\n", side.key, len(ports[side.pool]))
			if policy != "" {
				fmt.Fprintf(&b, "  router:\n    type: %s\n", policy)
			}
			b.WriteString("  urls:\n")
			for _, port := range ports[side.pool] {
				fmt.Fprintf(&b, "    - \"localhost:%s\"\n", port)
			}
		}
		script.WriteString("trtllm-serve disaggregated -c disagg.yaml &\n")
		return []Output{{Name: "disagg.yaml", Text: b.String()}}
	}
	if policy == "" {
		return nil
	}
	script.WriteString(map[string]string{vllm: "vllm-router", sglang: "python3 -m sglang_router.launch_router"}[w.family])
	fmt.Fprintf(script, " --port 8000 --policy %s", policy)
	if w.d.Mode == serve.Disaggregated {
		script.WriteString(" --pd-disaggregation")
		for _, pool := range []string{"prefill", "decode"} {
			for _, port := range ports[pool] {
				fmt.Fprintf(script, " --%s http://localhost:%s", pool, port)
			}
		}
	} else {
		script.WriteString(" --worker-urls")
		for _, port := range ports[serve.Aggregated] {
			script.WriteString(" http://localhost:" + port)
		}
	}
	script.WriteString(" &\n")
	return nil
}

// manifest writes a DynamoGraphDeployment, with TensorRT-LLM's options in a
// ConfigMap.
func (w writer) manifest() ([]Output, error) {
	var b strings.Builder
	for _, line := range w.remarks() {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	if w.family == trtllm {
		b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: engine-options\ndata:\n")
		for _, p := range w.d.Pools() {
			fmt.Fprintf(&b, "  %s.yaml: |\n    %s\n", p.Name,
				strings.ReplaceAll(strings.TrimSpace(configuration(w.options(p))), "\n", "\n    "))
		}
		b.WriteString("---\n")
	}
	b.WriteString("apiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nmetadata:\n  name: agentsim\nspec:\n" +
		"  services:\n    Frontend:\n      componentType: frontend\n      replicas: 1\n      extraPodSpec:\n" +
		"        mainContainer:\n          command: [python3, -m, dynamo.frontend]\n          args: [")
	if policy := w.policy(); policy != "" {
		fmt.Fprintf(&b, "--router-mode, %s", policy)
		if w.d.Router == serve.ConversationAffinity {
			b.WriteString(`, --router-session-affinity-ttl-secs, "3600"`)
		}
	}
	b.WriteString("]\n")
	for _, p := range w.d.Pools() {
		if err := w.service(&b, p); err != nil {
			return nil, err
		}
	}
	return []Output{{Name: "deploy.yaml", Text: b.String()}}, nil
}

func (w writer) service(b *strings.Builder, p serve.NamedPool) error {
	n, nodes := p.Spec.Accelerators, 1
	if size := w.target.NodeSize; size > 0 && n > size {
		if n%size != 0 {
			return fmt.Errorf("deployment.%s.accelerators: %d is no whole number of nodes of %d", p.Name, n, size)
		}
		nodes, n = n/size, size
	}
	name := map[string]string{"prefill": "PrefillWorker", "decode": "DecodeWorker", serve.Aggregated: "Worker"}[p.Name]
	fmt.Fprintf(b, "    %s:\n      componentType: worker\n", name)
	if p.Name != serve.Aggregated {
		fmt.Fprintf(b, "      subComponentType: %s\n", p.Name)
	}
	fmt.Fprintf(b, "      replicas: %d\n      resources:\n        limits:\n          gpu: \"%d\"\n", p.Workers, n)
	if nodes > 1 {
		fmt.Fprintf(b, "      multinode:\n        nodeCount: %d\n", nodes)
	}
	options := w.options(p)
	words := []string{"--model", w.target.Model}
	if w.family != vllm {
		words[0] = "--model-path"
	}
	b.WriteString("      extraPodSpec:\n")
	mount := ""
	if w.family == trtllm {
		options = []option{{"extra-engine-args", "/etc/engine/" + p.Name + ".yaml"}}
		if p.Name != serve.Aggregated {
			options = append(options, option{"disaggregation-mode", p.Name})
		}
		b.WriteString("        volumes:\n          - name: options\n            configMap:\n" +
			"              name: engine-options\n")
		mount = "          volumeMounts:\n            - name: options\n              mountPath: /etc/engine\n"
	}
	fmt.Fprintf(b, "        mainContainer:\n%s          command: [python3, -m, dynamo.%s]\n          args:\n", mount,
		w.family)
	if w.family == vllm && p.Name == "prefill" {
		options = append(options, option{"is-prefill-worker", ""})
	}
	for _, word := range append(words, arguments(options)...) {
		fmt.Fprintf(b, "            - %s\n", quoted(word))
	}
	return nil
}
