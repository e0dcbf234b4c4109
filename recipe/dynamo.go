package recipe

import (
	"maps"
	"slices"
	"strings"
)

// dynamo reads a DynamoGraphDeployment: v1alpha1 has services by name,
// v1beta1 a list of components.
func (r manifestReader) dynamo(doc *value) {
	r.format = "dynamo-k8s"
	spec := doc.get("spec")
	shared := map[string]string{}
	environment(spec.first("envs", "env"), shared)
	framework := strings.ToLower(strings.ReplaceAll(spec.get("backendFramework").string(), "-", ""))
	if framework == "tensorrtllm" {
		framework = trtllm
	}
	if spec.get("services") == nil && spec.get("components") == nil {
		r.fail(at(doc, spec, "spec.services"), "is missing: want services or components")
		return
	}
	if services := spec.get("services"); services != nil {
		for _, f := range services.fields {
			r.component(f.key, f.value, shared, framework)
		}
	}
	for _, c := range spec.get("components").list() {
		r.component(c.get("name").string(), c, shared, framework)
	}
}

const dynamoKeys = `
 name type componentType subComponentType dynamoNamespace replicas resources sharedMemory
 sharedMemorySize extraPodSpec extraPodMetadata podTemplate envs env envFromSecret livenessProbe
 readinessProbe multinode autoscaling labels annotations pvc volumeMounts ingress serviceName
 modelRef minReplicas globalDynamoNamespace scalingAdapter eppConfig compilationCache frontendSidecar
 topologyConstraint experimental checkpoint`

// component reads one service of a graph.
func (r manifestReader) component(name string, c *value, shared map[string]string, framework string) {
	r.knownKeys(c, "spec."+name+".", dynamoKeys)
	env := maps.Clone(shared)
	environment(c.first("envs", "env"), env)
	replicas := c.get("replicas").integerOr(1)
	pod, main := c.get("podTemplate", "spec"), c.get("podTemplate", "spec", "containers")
	container := c.get("extraPodSpec", "mainContainer")
	if pod == nil {
		pod = c.get("extraPodSpec")
	}
	for _, one := range main.list() {
		if container == nil || one.get("name").string() == "main" {
			container = one
		}
	}
	kind := strings.ToLower(c.first("type", "componentType").string())
	sub := strings.ToLower(c.get("subComponentType").string())
	if kind == "frontend" || kind == "epp" || kind == "planner" {
		if kind == "frontend" {
			r.router.Frontends += replicas
			environment(container.first("env", "envs"), env)
			if container.first("command", "args") == nil || !r.frontend(container, env) {
				r.dynamoRouter(newSettings(routers, &r.log), env)
			}
		}
		return
	}
	a := around{workers: replicas, env: env, chip: chipIn(pod)}
	for _, role := range []string{kind, sub} {
		if role == "prefill" || role == "decode" {
			a.role, a.sure = role, true
		}
	}
	if a.role == "" {
		a.role = hint(name)
	}
	nodes := max(1, c.get("multinode", "nodeCount").integerOr(1))
	if n := gpuLimit(c.get("resources")); n > 0 {
		a.accelerators = n * nodes
	}
	if replicas == 0 || container == nil {
		return
	}
	if slices.Contains([]string{vllm, sglang, trtllm}, framework) && container.get("command") == nil {
		a.family = framework
	}
	before := len(r.launches)
	if !r.container(container, pod, a, nodes) && len(r.launches) == before {
		where := c.at
		where.key = "spec." + name
		r.note(where, "starts no engine that is known: not read")
	}
}

// frontend reads the front end's command; it reports whether there is one.
func (r manifestReader) frontend(container *value, env map[string]string) bool {
	frontends := r.router.Frontends
	if container.get("command") == nil { // the operator starts the front end itself
		command := &value{shape: sequence, at: container.at}
		for _, text := range []string{"python3", "-m", "dynamo.frontend"} {
			command.items = append(command.items, &value{shape: scalar, text: text, at: container.at})
		}
		container = &value{shape: mapping, at: container.at, fields: append(slices.Clone(container.fields),
			field{"command", command})}
	}
	ok := r.argv(container, around{env: env}, env)
	r.router.Frontends = frontends
	return ok && r.router.Kind == "dynamo"
}
