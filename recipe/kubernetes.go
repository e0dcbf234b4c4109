package recipe

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// manifestReader reads documents of Kubernetes.
type manifestReader struct{ *reader }

// kind says what a document is; empty for options of an engine, or nothing
// that is known.
func (r manifestReader) kind(doc *value) string {
	switch {
	case doc.shape != mapping:
		return ""
	case doc.get("kind") != nil && doc.get("apiVersion") != nil:
		return "kubernetes"
	case doc.get("services") != nil && doc.get("services").shape == mapping && doc.get("spec") == nil:
		return "compose"
	case doc.get("base") != nil, doc.get("backend", "type") != nil,
		doc.get("backend") != nil && doc.get("resources") != nil, doc.get("resources", "gpus_per_node") != nil:
		return "srt"
	case doc.get("modelArtifacts") != nil, doc.get("inferenceExtension") != nil, doc.get("decode", "containers") != nil,
		doc.get("prefill", "containers") != nil, doc.get("decode", "parallelism") != nil:
		return "llm-d"
	case doc.get("context_servers") != nil && doc.get("generation_servers") != nil:
		return "orchestrator"
	}
	return ""
}

func (r manifestReader) document(name string, doc *value) {
	switch r.kind(doc) {
	case "kubernetes":
		r.kubernetes(doc)
	case "compose":
		r.compose(name, doc)
	case "srt":
		srtReader(r).srt(doc)
	case "llm-d":
		r.values(doc)
	case "orchestrator":
		r.orchestrator(doc)
	}
}

// configMaps opens the files that ConfigMaps hold.
func (r manifestReader) configMaps() {
	for _, name := range slices.Sorted(maps.Keys(r.documents)) {
		for _, doc := range r.documents[name] {
			if doc.get("kind").string() != "ConfigMap" {
				continue
			}
			data := doc.get("data")
			if data == nil {
				continue
			}
			for _, f := range data.fields {
				if ext := path.Ext(f.key); ext != ".yaml" && ext != ".yml" && ext != ".json" {
					continue
				}
				inner, err := readYAML(name, f.value.string())
				if err != nil || len(inner) != 1 {
					continue
				}
				r.documents[mapKey(doc.get("metadata", "name").string(), f.key)] = inner
				if _, taken := r.documents[f.key]; !taken {
					r.documents[f.key] = inner
				}
			}
		}
	}
}

func mapKey(configMap, file string) string { return "configmap " + configMap + "/" + file }

// kubernetes reads a manifest. Kinds that start nothing are passed over.
func (r manifestReader) kubernetes(doc *value) {
	switch kind := doc.get("kind").string(); kind {
	case "DynamoGraphDeployment":
		r.dynamo(doc)
	case "EndpointPickerConfig":
		r.picker(doc)
	case "ModelService":
		r.modelService(doc)
	case "InferencePool":
		if r.router.Kind == "none" {
			r.router.Kind = "llm-d"
		}
	case "Deployment", "StatefulSet", "ReplicaSet", "Job", "Pod", "LeaderWorkerSet", "RayService":
		r.controller(doc, kind)
	case "LLMInferenceService":
		r.inferenceService(doc)
	case "ConfigMap":
		r.pickerMap(doc)
	}
}

// pickerMap reads an EndpointPickerConfig within a ConfigMap.
func (r manifestReader) pickerMap(doc *value) {
	data := doc.get("data")
	if data == nil {
		return
	}
	for _, f := range data.fields {
		if strings.Contains(f.value.string(), "EndpointPickerConfig") {
			if inner, err := readYAML(doc.at.file, f.value.string()); err == nil && len(inner) == 1 {
				r.picker(inner[0])
			}
		}
	}
}

// controller reads the pods of a controller.
func (r manifestReader) controller(doc *value, kind string) {
	spec := doc.get("spec")
	workers, nodes := spec.get("replicas").integerOr(1), 1
	pod := spec.get("template")
	switch kind {
	case "Pod":
		pod = doc
	case "LeaderWorkerSet":
		template := spec.get("leaderWorkerTemplate")
		nodes = template.get("size").integerOr(1)
		if pod = template.get("leaderTemplate"); pod == nil {
			pod = template.get("workerTemplate")
		}
	}
	a := around{workers: workers}
	if kind == "LeaderWorkerSet" {
		a.env = map[string]string{
			"LWS_GROUP_SIZE": strconv.Itoa(nodes), "LWS_WORKER_INDEX": "0", "LWS_LEADER_ADDRESS": "leader",
		}
	}
	role, sure := labelledRole(pod.get("metadata", "labels"), doc.get("metadata", "labels"))
	if r.format == "" || sure {
		r.format = "kubernetes"
		if sure {
			r.format = "llm-d-manifest"
		}
	}
	if role == "" {
		role = hint(doc.get("metadata", "name").string())
	}
	if workers == 0 {
		return
	}
	a.role, a.sure = role, sure && role != ""
	r.pod(pod.get("spec"), a, nodes)
}

// labelledRole is the role in llm-d's labels.
func labelledRole(labels ...*value) (role string, sure bool) {
	for _, l := range labels {
		if l == nil {
			continue
		}
		for _, f := range l.fields {
			if !strings.HasSuffix(f.key, "/role") && f.key != "role" {
				continue
			}
			switch f.value.string() {
			case "prefill", "decode":
				return f.value.string(), true
			case "both", "prefill-decode":
				return "", true
			}
		}
	}
	return "", false
}

// pod reads the containers of a pod.
func (r manifestReader) pod(spec *value, a around, nodes int) {
	if chip := chipIn(spec); chip != "" {
		a.chip = chip
	}
	for _, list := range []string{"containers", "initContainers"} {
		for _, c := range spec.get(list).list() {
			r.container(c, spec, a, nodes)
		}
	}
}

const containerKeys = `name image command args env envs envFrom ports resources volumeMounts volumeDevices livenessProbe
 readinessProbe startupProbe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext
 stdin stdinOnce tty workingDir resizePolicy restartPolicy modelCommand mountModelVolume extraConfig`

func (r manifestReader) container(c, spec *value, a around, nodes int) bool {
	image := c.get("image").string()
	r.knownKeys(c, "containers."+c.get("name").string()+".", containerKeys)
	if strings.Contains(image, "routing-sidecar") || strings.Contains(image, "inference-scheduler") {
		return false
	}
	env := map[string]string{}
	for name, text := range a.env {
		env[name] = text
	}
	environment(c.first("env", "envs"), env)
	if n := gpuLimit(c.get("resources")); n > 0 {
		a.accelerators = n * max(1, nodes)
	}
	a.mounts = r.mounted(c, spec)
	for _, family := range []string{vllm, sglang, trtllm} {
		if v := versionOf(image, family); v != "" {
			a.version = v
		}
	}
	if a.family == "" && imageStarts(image) {
		a.family = vllm
	}
	return r.argv(c, a, env)
}

// argv reads a container's command and args, either as words or as a script
// for a shell.
func (r manifestReader) argv(c *value, a around, env map[string]string) bool {
	var words []word
	for _, key := range []string{"command", "args"} {
		v := c.get(key)
		if v != nil && v.shape == scalar {
			words = append(words, r.split(v)...)
			continue
		}
		for _, item := range v.list() {
			words = append(words, inPod(item, env))
		}
	}
	if more := env["VLLM_ADDITIONAL_ARGS"]; more != "" && a.family == vllm && c.get("command") == nil {
		// The command that an inference service starts by itself ends in them.
		words = append(words, r.split(&value{shape: scalar, text: more, at: c.at})...)
	}
	where := c.at
	if len(words) > 0 {
		where.line = words[0].line
	}
	if script, first := shellScript(words); script.text != "" {
		s, err := readScript(where.file, script.text, env)
		if err != nil {
			r.add(err)
			return true
		}
		for _, f := range s.faults {
			r.add(f)
		}
		found := false
		for _, cmd := range s.found {
			for i := range cmd.words {
				cmd.words[i].line += first
			}
			cmd.at.line += first
			found = r.command(cmd, a) || found
		}
		return found
	}
	if a.family != "" && len(words) > 0 && !strings.HasPrefix(words[0].text, "-") && c.get("command") != nil {
		if _, ok := findStart(words, ""); !ok {
			return false
		}
	}
	if len(words) == 0 && a.family == "" {
		return false
	}
	return r.command(command{words: words, env: env, at: where}, a)
}

// split makes words of a list, or of a text as a shell would.
func (r manifestReader) split(v *value) []word {
	var words []word
	if v.shape != scalar {
		for _, item := range v.list() {
			words = append(words, word{text: item.string(), line: item.at.line})
		}
		return words
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(v.text, "\\\n", " ")), " ")
	s, err := readScript(v.at.file, "words "+text, r.env)
	if err != nil || len(s.found) != 1 {
		r.fail(v.at, "%q cannot be split into words", v.text)
		return nil
	}
	for _, w := range s.found[0].words[1:] {
		w.line = v.at.line
		words = append(words, w)
	}
	return words
}

// shellScript is the script of [sh, -c, SCRIPT], and the line before it.
func shellScript(words []word) (script word, before int) {
	for i, w := range words {
		if i > 0 && strings.HasPrefix(w.text, "-") && strings.HasSuffix(w.text, "c") && i+1 < len(words) &&
			slices.Contains([]string{"sh", "bash", "ash", "dash"}, path.Base(words[i-1].text)) {
			return words[i+1], max(0, words[i+1].line-1)
		}
	}
	return word{}, 0
}

var podVariable = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// inPod puts variables in place as Kubernetes does: $(NAME).
func inPod(v *value, env map[string]string) word {
	w := word{line: v.at.line}
	w.text = podVariable.ReplaceAllStringFunc(v.string(), func(m string) string {
		text, ok := env[m[2:len(m)-1]]
		if !ok && !mentionsEngine(v.string()) {
			w.why = m + " has no value here"
		}
		if !ok {
			return m
		}
		return text
	})
	return w
}

// environment adds a list of {name, value}, a mapping, or NAME=VALUE lines.
func environment(v *value, env map[string]string) {
	if v == nil {
		return
	}
	for _, f := range v.fields {
		env[f.key] = f.value.string()
	}
	for _, item := range v.items {
		if name, text, ok := strings.Cut(item.string(), "="); ok {
			env[name] = text
		} else if name := item.get("name").string(); name != "" && item.get("value") != nil {
			env[name] = item.get("value").string()
		}
	}
}

// mounted finds files in the ConfigMaps that a container mounts.
func (r manifestReader) mounted(c, spec *value) func(string) (*value, bool) {
	return func(file string) (*value, bool) {
		for _, mount := range c.get("volumeMounts").list() {
			dir := mount.get("mountPath").string()
			if dir == "" || file != dir && !strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/") {
				continue
			}
			for _, volume := range spec.get("volumes").list() {
				if volume.get("name").string() != mount.get("name").string() {
					continue
				}
				name := path.Base(file)
				for _, item := range volume.get("configMap", "items").list() {
					if path.Base(item.get("path").string()) == name {
						name = item.get("key").string()
					}
				}
				if documents := r.documents[mapKey(volume.get("configMap", "name").string(), name)]; len(documents) == 1 {
					r.used[name] = true
					return documents[0], true
				}
			}
		}
		return nil, false
	}
}

// gpuLimit is how many accelerators a container gets.
func gpuLimit(resources *value) int {
	for _, part := range []string{"limits", "requests"} {
		v := resources.get(part)
		if n, ok := v.first("nvidia.com/gpu", "amd.com/gpu", "gpu").integer(); ok && n > 0 && n <= 1<<20 {
			return n
		}
	}
	for _, claim := range resources.get("claims").list() {
		if n, ok := claim.get("count").integer(); ok && n > 0 {
			return n
		}
	}
	return 0
}

const chips = `gb300 gb200 b300 b200 h200 h100 h800 h20 gh200 a100 l40s mi355x mi350x mi325x mi300x rtx-pro-6000 b60`

// chipOf names the accelerator in a label such as NVIDIA-H100-80GB-HBM3.
func chipOf(label string) string {
	lower := strings.ToLower(strings.ReplaceAll(label, "_", "-"))
	for _, chip := range strings.Fields(chips) {
		if strings.Contains(lower, chip) {
			return chip
		}
	}
	return lower
}

// chipIn looks for a label of the accelerator anywhere in a pod.
func chipIn(v *value) string {
	if v == nil {
		return ""
	}
	for _, f := range v.fields {
		switch f.key {
		case "nvidia.com/gpu.product", "gpu.nvidia.com/model", "gpu.nvidia.com/class", "cloud.google.com/gke-accelerator",
			"amd.com/gpu.product-name":
			if f.value.shape == scalar {
				return chipOf(f.value.string())
			}
		case "acceleratorTypes":
			if names := f.value.first("labelValues", "labelValue").list(); len(names) > 0 {
				return chipOf(names[0].string())
			}
		case "key":
			if strings.Contains(f.value.string(), "gpu") && len(v.get("values").list()) == 1 {
				return chipOf(v.get("values").list()[0].string())
			}
		}
		if f.key == "containers" || f.key == "volumes" {
			continue
		}
		if chip := chipIn(f.value); chip != "" {
			return chip
		}
	}
	for _, item := range v.items {
		if chip := chipIn(item); chip != "" {
			return chip
		}
	}
	return ""
}
