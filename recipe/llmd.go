package recipe

import (
	"strconv"
	"strings"
)

const valueKeys = `
 multinode modelArtifacts routing decode prefill accelerator acceleratorTypes inferenceExtension
 inferencePool fullnameOverride nameOverride serviceAccountOverride schedulerName endpointPicker
 inferenceModel httpRoute requester extraObjects dra provider monitoring global serviceAccount
 modelServer experimentalHttpServer istio gke modelCommand epp podMonitor imagePullSecrets tracing
 resources image`

// values reads the values of llm-d's charts: those of the model service, and
// those of the inference scheduler.
func (r manifestReader) values(doc *value) {
	if r.format == "" || r.format == "kubernetes" {
		r.format = "llm-d-values"
	}
	r.knownKeys(doc, "", valueKeys)
	if extension := doc.get("inferenceExtension"); extension != nil {
		r.router.Kind = "llm-d"
		if custom := extension.get("pluginsCustomConfig"); custom != nil {
			for _, f := range custom.fields {
				if inner, err := readYAML(doc.at.file, f.value.string()); err == nil && len(inner) == 1 {
					r.picker(inner[0])
				}
			}
		}
	}
	if model := doc.get("modelArtifacts"); model != nil {
		if r.model = model.get("name").string(); r.model == "" {
			r.model = strings.TrimPrefix(model.get("uri").string(), "hf://")
		}
	}
	for _, role := range []string{"prefill", "decode"} {
		side := doc.get(role)
		if side == nil {
			continue
		}
		if !serves(side) {
			continue
		}
		r.side(role, side, doc)
	}
}

// serves says whether a side of the chart makes pods.
func serves(side *value) bool {
	create, given := side.get("create").truth()
	return side != nil && (create || !given) && side.get("replicas").integerOr(1) > 0
}

// modelService reads llm-d's resource of that kind, whose sides are those of the
// chart that came after it.
func (r manifestReader) modelService(doc *value) {
	spec := doc.get("spec")
	if spec.get("decode") == nil && spec.get("prefill") == nil {
		r.controller(doc, "ModelService")
		return
	}
	r.format = "llm-d-manifest"
	if r.model = spec.get("routing", "modelName").string(); r.model == "" {
		r.model = strings.TrimPrefix(spec.get("modelArtifacts", "uri").string(), "hf://")
	}
	for _, role := range []string{"prefill", "decode"} {
		if side := spec.get(role); side != nil && serves(side) {
			r.side(role, side, spec)
		}
	}
}

// side reads one role of the model service.
func (r manifestReader) side(role string, side, doc *value) {
	replicas := side.get("replicas").integerOr(1)
	parallelism := side.get("parallelism")
	tensor := parallelism.get("tensor").integerOr(1)
	data := parallelism.get("data").integerOr(1)
	local := parallelism.get("dataLocal").integerOr(data)
	nodes := parallelism.get("workers").integerOr(1)
	if local > 0 && data%local == 0 && parallelism.get("workers") == nil {
		nodes = max(1, data/local)
	}
	env := map[string]string{
		"TP_SIZE": strconv.Itoa(tensor), "DP_SIZE": strconv.Itoa(data), "DP_SIZE_LOCAL": strconv.Itoa(local),
		"LWS_WORKER_INDEX": "0", "LWS_LEADER_ADDRESS": "leader", "LWS_GROUP_SIZE": strconv.Itoa(nodes),
	}
	a := around{role: role, sure: serves(doc.get("prefill")) && serves(doc.get("decode")), workers: replicas, env: env}
	if a.chip = chipIn(side); a.chip == "" {
		a.chip = chipIn(doc)
	}
	for _, c := range side.get("containers").list() {
		b := a
		serve := strings.EqualFold(c.get("modelCommand").string(), "vllmServe")
		if serve || c.get("modelCommand").string() == "imageDefault" || c.get("command") == nil {
			b.family = vllm
		}
		if n := gpuLimit(c.get("resources")); n > 0 {
			b.accelerators = n * nodes
		} else if parallelism != nil {
			b.accelerators = tensor * local * nodes
		}
		before := len(r.launches)
		r.container(c, side, b, nodes)
		for _, l := range r.launches[before:] {
			r.parallel(l.launch, parallelism)
		}
	}
}

// parallel adds the flags that the chart makes of its values.
func (r manifestReader) parallel(l *launch, parallelism *value) {
	for _, f := range []struct{ key, flag string }{
		{"tensor", "tensor-parallel-size"}, {"data", "data-parallel-size"}, {"pipeline", "pipeline-parallel-size"},
	} {
		v := parallelism.get(f.key)
		if v == nil {
			continue
		}
		flag := canonical(l.family, f.flag)
		if given, ok := l.settings.values[flag]; ok {
			a, _ := given.value.integer()
			if b, ok := v.integer(); ok && a != b {
				r.fail(given.at, "%s, but parallelism.%s is %d", given.value.string(), f.key, b)
				l.accelerators = 0 // one of the two is wrong: which of them counts is not known
			}
			continue
		}
		where := v.at
		where.key = "parallelism." + f.key
		l.settings.put(flag, v, where)
	}
	if on, ok := parallelism.get("expert").truth(); ok && on && !l.settings.has("enable-expert-parallel") {
		l.settings.put("enable-expert-parallel", parallelism.get("expert"), parallelism.at)
	}
}

// inferenceService reads an LLMInferenceService: decode beside the optional
// prefill.
func (r manifestReader) inferenceService(doc *value) {
	r.format = "llm-d-manifest"
	spec := doc.get("spec")
	if r.model = spec.get("model", "name").string(); r.model == "" {
		r.model = strings.TrimPrefix(spec.get("model", "uri").string(), "hf://")
	}
	prefill := spec.get("prefill")
	for _, f := range []struct {
		role string
		side *value
	}{{"prefill", prefill}, {"decode", spec}} {
		if f.side == nil {
			continue
		}
		a := around{role: f.role, sure: prefill != nil, workers: f.side.get("replicas").integerOr(1), family: vllm}
		before := len(r.launches)
		r.pod(f.side.get("template"), a, 1)
		for _, l := range r.launches[before:] {
			r.parallel(l.launch, f.side.get("parallelism"))
		}
	}
}
