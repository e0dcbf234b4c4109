package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// srtRoles are the roles of a SLURM recipe with the names that its keys have.
func srtRoles() map[string][]string {
	return map[string][]string{"prefill": {"prefill"}, "decode": {"decode"}, "mixed": {"aggregated", "agg"}}
}

// srtReader reads recipes for SLURM clusters.
type srtReader struct{ *reader }

// srt reads a SLURM recipe, or the variants of one.
func (r srtReader) srt(doc *value) {
	r.format = "srt-slurm"
	base := doc.get("base")
	if base == nil {
		r.srtOne(doc)
		return
	}
	baseName := base.get("name").string()
	r.variants = []Variant{}
	var names []string
	for _, f := range doc.fields {
		suffix, ok := strings.CutPrefix(f.key, "override_")
		if !ok {
			if f.key != "base" {
				r.unknownKey(f.key, f.value.at, []string{"base", "override_"})
			}
			continue
		}
		name := f.value.get("name").string()
		if name == "" {
			name = baseName + "_" + suffix
		}
		names = append(names, name)
		if want := r.options.Variant; want == name || want == suffix || want == f.key {
			r.variants = nil
			r.srtOne(f.value.laidOver(base))
			return
		}
		if r.options.Variant == "" {
			r.srtVariant(name, f.value.laidOver(base))
		}
	}
	switch want := r.options.Variant; {
	case want == "base" || want != "" && want == baseName || len(names) == 0:
		r.variants = nil
		r.srtOne(base)
	case want != "":
		r.fail(doc.at, "no variant %q: want one of %s, or base", want, strings.Join(names, ", "))
	}
}

// srtVariant reads one of several variants by itself.
func (r srtReader) srtVariant(name string, doc *value) {
	r.launches, r.router = nil, Router{Kind: "none"}
	r.srtOne(doc)
	if out := r.recipe(); len(r.faults) == 0 {
		r.engine = out.Engine
		r.variants = append(r.variants, Variant{
			Name:         name,
			Accelerators: out.Accelerators,
			Pools:        out.Pools,
			Deployment:   out.Deployment,
			Assumed:      out.Assumed,
		})
	}
	r.launches = nil
}

const srtRoot = `name model identity dynamo resources slurm backend frontend benchmark infra health_check
 sbatch_directives srun_options container_mounts extra_mount environment monitoring profiling output setup_script
 cluster time_limit default_mounts schema_version description comment telemetry observability reporting`

const srtResources = `gpu_type gpus_per_node prefill_nodes prefill_workers gpus_per_prefill decode_nodes decode_workers
 gpus_per_decode agg_nodes agg_workers gpus_per_agg aggregated_nodes aggregated_workers gpus_per_aggregated
 spread_workers exclusive partition account prefill_gpus decode_gpus total_nodes network_interface cpus_per_node`

const srtBackend = `type connector dp_launch_mode prefill_environment decode_environment aggregated_environment
 agg_environment environment sglang_config vllm_config trtllm_config kv_events_config enable_profiling
 enable_multiple_frontends gpu_type config_dump nsys prefill_flags decode_flags sglang_options disaggregation_mode
 served_model_name launch_mode`

func (r srtReader) srtOne(doc *value) {
	r.knownKeys(doc, "", srtRoot)
	resources, backend := doc.get("resources"), doc.get("backend")
	r.knownKeys(resources, "resources.", srtResources)
	r.knownKeys(backend, "backend.", srtBackend)
	kind := strings.ToLower(backend.get("type").string())
	family := ""
	for _, name := range []string{vllm, sglang, trtllm} {
		if strings.Contains(kind, name) || kind == "" && backend.get(name+"_config") != nil {
			family = name
		}
	}
	if family == "" {
		r.fail(at(doc, backend, "backend.type"), "%q: want vllm, sglang or trtllm", kind)
		return
	}
	r.srtHead(doc)
	version := r.srtVersion(doc, family)
	r.srtRouter(doc)
	if events := backend.get("kv_events_config"); events != nil {
		on, ok := events.truth()
		r.router.Events = ok && on || events.shape == mapping && slices.ContainsFunc(events.fields, func(f field) bool {
			on, ok := f.value.truth()
			return !ok && f.value.shape == mapping || on
		})
	}
	config := backend.get(family + "_config")
	path := "backend." + family + "_config"
	r.knownKeys(config, path+".", "prefill decode aggregated agg")
	mixed := config.first("aggregated", "agg") != nil || resources.first("agg_workers", "aggregated_workers") != nil
	roles := []string{"prefill", "decode"}
	if mixed {
		roles = []string{"mixed"}
	}
	for _, role := range roles {
		r.srtRole(role, srtSide{resources, backend, config, family, path, version})
	}
	for _, role := range []string{"prefill", "decode"} {
		if n, ok := resources.get(role + "_workers").integer(); mixed && ok && n > 0 {
			r.fail(at(resources, resources.get(role+"_workers"), "resources."+role+"_workers"),
				"%d beside aggregated workers: want either", n)
		}
	}
}

// at is the place of the innermost value that is there, with a key.
func at(outer, inner *value, key string) place {
	p := place{key: key}
	for _, v := range []*value{outer, inner} {
		if v != nil {
			p.file, p.line = v.at.file, v.at.line
		}
	}
	return p
}

func (r *reader) knownKeys(v *value, path, words string) {
	if v == nil {
		return
	}
	known := strings.Fields(words)
	for _, f := range v.fields {
		if !slices.Contains(known, f.key) {
			r.unknownKey(path+f.key, f.value.at, known)
		}
	}
}

func (r *reader) unknownKey(path string, where place, known []string) {
	where.key = path
	key := path[strings.LastIndex(path, ".")+1:]
	if right, ok := misspelt(key, known, shortestKey); ok {
		r.fail(where, "no such key; %s is meant", right)
		return
	}
	r.note(where, "unknown to this reader of recipes: not read")
}

func (r srtReader) srtHead(doc *value) {
	if r.model = doc.get("identity", "model", "repo").string(); r.model == "" {
		r.model = strings.TrimPrefix(doc.get("model", "path").string(), "hf:")
	}
	r.weights = strings.ToLower(doc.get("model", "precision").string())
	r.chip = chipOf(doc.get("resources", "gpu_type").string())
	benchmark := doc.get("benchmark")
	workload := map[string]any{}
	for name, key := range map[string]string{"input": "isl", "output": "osl"} {
		if n, ok := benchmark.get(key).integer(); ok {
			workload[name] = n
		}
	}
	var steps []int
	for _, item := range benchmark.get("concurrencies").list() {
		for _, part := range strings.FieldsFunc(item.string(), func(c rune) bool { return strings.ContainsRune("x, ", c) }) {
			if n, ok := wholeNumber(part); ok {
				steps = append(steps, n)
			}
		}
	}
	if len(steps) > 0 {
		workload["concurrency"] = steps
	}
	if len(workload) > 0 {
		r.workload = workload
	}
}

func (r srtReader) srtVersion(doc *value, family string) string {
	names := map[string][]string{vllm: {vllm}, sglang: {sglang}, trtllm: {"tensorrt_llm", "trtllm", "tensorrt-llm"}}
	if v := doc.get("identity", "frameworks").first(names[family]...).string(); v != "" {
		return v
	}
	return versionOf(doc.get("model", "container").string(), family)
}

func (r srtReader) srtRouter(doc *value) {
	frontend := doc.get("frontend")
	r.knownKeys(frontend, "frontend.", `type args enable_multiple_frontends num_additional_frontends env environment
	 nginx_container nginx port image container additional_frontends nginx_sticky extra_args`)
	kind := strings.ToLower(strings.ReplaceAll(frontend.get("type").string(), "_", "-"))
	if kind == "" {
		return
	}
	r.router.Kind = kind
	s := newSettings(routers, &r.log)
	if args := frontend.get("args"); args != nil && args.shape != mapping {
		r.arguments(s, start{router: kind, args: manifestReader(r).split(args)}, args.at.file)
	} else {
		s.putAll(args, "frontend.args.")
	}
	env := map[string]string{}
	if names := frontend.first("env", "environment"); names != nil {
		for _, f := range names.fields {
			env[f.key] = f.value.string()
		}
	}
	defer s.finish()
	if kind == "dynamo" {
		r.dynamoRouter(s, env)
	} else if policy := s.text("policy"); policy != "" {
		r.router.Policy = &policy
	}
	if n, ok := frontend.get("num_additional_frontends").integer(); ok && n > 0 {
		if many, given := frontend.get("enable_multiple_frontends").truth(); many || !given {
			r.router.Frontends = n + 1
		}
	}
}

type srtSide struct {
	resources, backend, config *value
	family, path, version      string
}

// srtRole makes a launch of one role.
func (r srtReader) srtRole(role string, side srtSide) {
	var config, env *value
	name := role
	for _, alias := range srtRoles()[role] {
		if v := side.config.get(alias); v != nil {
			config, name = v, alias
		}
		if v := side.backend.get(alias + "_environment"); v != nil {
			env = v
		}
	}
	if config == nil {
		r.fail(at(side.backend, side.config, side.path+"."+name),
			"is missing: a deployment has prefill and decode, or aggregated")
		return
	}
	l := &launch{
		family:   side.family,
		settings: newSettings(side.family, &r.log),
		env:      map[string]string{},
		role:     role,
		version:  side.version,
		chip:     r.chip,
		at:       config.at,
	}
	l.at.key = side.path + "." + name
	for _, variables := range []*value{side.backend.get("environment"), env} {
		if variables != nil {
			for _, f := range variables.fields {
				l.env[f.key] = f.value.string()
			}
		}
	}
	l.settings.putAll(config, side.path+"."+name+".")
	if connector := side.backend.get("connector"); connector != nil && side.family == vllm {
		if l.settings.text("kv-transfer-config.kv-connector") == "" {
			l.settings.put("recipe-connector", connector, at(side.backend, connector, "backend.connector"))
		}
	}
	r.srtMode(role, l)
	r.srtSize(role, side.resources, l)
	r.launches = append(r.launches, placed{l, true})
}

// srtMode holds the engine's own word on its role against the recipe's.
func (r srtReader) srtMode(role string, l *launch) {
	s := l.settings
	says := said(s)
	if says == "" || says == role || says == "mixed" {
		return
	}
	if s.has("disaggregation-mode") {
		r.fail(s.at("disaggregation-mode"), "%s in the configuration of %s", says, role)
	}
}

// srtSize says how many workers there are and what each has.
func (r srtReader) srtSize(role string, resources *value, l *launch) {
	names := append(srtRoles()[role], role)
	number := func(format string) (int, bool) {
		for _, name := range names {
			key := fmt.Sprintf(format, name)
			v := resources.get(key)
			if v == nil {
				continue
			}
			n, ok := v.integer()
			if !ok || n < 0 || n > 1<<20 {
				r.fail(at(resources, v, "resources."+key), "%q: want a whole number", v.string())
				return 0, false
			}
			return n, true
		}
		return 0, false
	}
	workers, ok := number("%s_workers")
	if l.workers = workers; !ok {
		l.workers = 1
	} else if workers == 0 {
		r.fail(at(resources, nil, "resources."+role+"_workers"), "0 workers: the role is missing")
		return
	}
	l.exact = true
	perNode := resources.get("gpus_per_node").integerOr(0)
	nodes, _ := number("%s_nodes")
	if n, ok := number("gpus_per_%s"); ok && n > 0 {
		if total := nodes * perNode; total > 0 && n*l.workers > total {
			r.fail(at(resources, nil, "resources.gpus_per_"+role), "%d for each of %d workers, but %d nodes have %d", n,
				l.workers, nodes, total)
		}
		l.accelerators = n
		return
	}
	shared, given := resources.get("decode_nodes").integer()
	l.optional = given && shared == 0 && role != "mixed"
	if l.optional && role == "decode" {
		l.accelerators = r.srtShared(resources, perNode)
		l.optional = resources.get("gpus_per_prefill") == nil
		return
	}
	if total := nodes * perNode; total > 0 && total%l.workers == 0 {
		l.accelerators = total / l.workers
	}
}

// srtShared is the width of decode workers on the nodes of prefill: the same.
func (r srtReader) srtShared(resources *value, perNode int) int {
	if n, ok := resources.get("gpus_per_prefill").integer(); ok {
		return n
	}
	nodes, workers := resources.get("prefill_nodes").integerOr(0), resources.get("prefill_workers").integerOr(1)
	if workers > 0 && nodes*perNode%workers == 0 {
		return nodes * perNode / workers
	}
	return 0
}
