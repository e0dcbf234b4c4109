package recipe

import (
	"maps"
	"path"
	"regexp"
	"strings"
)

// compose reads the services of a compose file.
func (r *reader) compose(file string, doc *value) {
	r.format = "compose"
	for _, f := range doc.get("services").fields {
		r.service(file, f.key, f.value, doc.get("configs"))
	}
}

const serviceKeys = `image command entrypoint environment env_file deploy ports expose volumes ipc shm_size ulimits
 restart depends_on healthcheck networks network_mode container_name hostname privileged runtime gpus scale profiles
 extends labels logging init tty stdin_open user working_dir cap_add cap_drop devices device_cgroup_rules security_opt
 group_add pid extra_hosts dns secrets configs tmpfs stop_grace_period stop_signal platform pull_policy build cpus
 mem_limit mem_reservation cpuset sysctls links userns_mode read_only annotations attach links memswap_limit`

func (r *reader) service(file, name string, service, configs *value) {
	r.knownKeys(service, "services."+name+".", serviceKeys)
	image, _ := interpolate(service.get("image").string(), r.env)
	env := maps.Clone(r.env)
	for key, text := range environmentOf(service) {
		env[key], _ = interpolate(text, r.env)
	}
	words, script := r.composeWords(service)
	for _, proxy := range []string{"nginx", "haproxy", "traefik", "envoy", "litellm"} {
		if base := image[strings.LastIndex(image, "/")+1:]; strings.HasPrefix(base, proxy) {
			r.router.Kind, r.router.Policy = proxy, pointer("round-robin")
			return
		}
	}
	a := around{role: hint(name), version: versionOf(image, vllm), workers: 1, byPort: r.rolePort}
	for _, family := range []string{sglang, trtllm} {
		if v := versionOf(image, family); v != "" {
			a.version = v
		}
	}
	if imageStarts(image) && (service.get("entrypoint") == nil || len(service.get("entrypoint").list()) == 0) {
		a.family = vllm
	}
	if n, ok := service.first("scale").integer(); ok {
		a.workers = n
	}
	if n, ok := service.get("deploy", "replicas").integer(); ok {
		a.workers = n
	}
	a.accelerators = devices(service)
	a.mounts = r.composeConfigs(service, configs)
	if a.workers == 0 {
		return
	}
	where := service.at
	where.key = "services." + name
	if script != "" {
		s, err := readScript(file, script, env)
		if err != nil {
			r.add(err)
			return
		}
		for _, f := range s.faults {
			r.add(f)
		}
		for _, c := range s.found {
			c.at.line += where.line
			r.command(c, a)
		}
		return
	}
	if len(words) > 0 {
		r.command(command{words: words, env: env, at: where}, a)
	}
}

// composeConfigs finds the files that a service has of the configs of its file:
// their content stands there, or they are among the files given.
func (r *reader) composeConfigs(service, configs *value) func(string) (*value, bool) {
	return func(file string) (*value, bool) {
		for _, c := range service.get("configs").list() {
			source, target := c.string(), "" // in short a name
			if c.shape == mapping {
				source, target = c.get("source").string(), c.get("target").string()
			}
			if target == "" {
				target = "/" + source
			}
			if path.Clean(target) != path.Clean(file) {
				continue
			}
			of := configs.get(source)
			if at := of.get("file").string(); at != "" {
				return r.configuration(at, c.at, nil)
			}
			content := of.get("content")
			if content == nil {
				r.fail(c.at, "config %s has neither content nor a file here", source)
				return nil, false
			}
			text, why := interpolate(content.string(), r.env)
			if why != "" {
				r.fail(content.at, "%s", why)
				return nil, false
			}
			documents, err := readYAML(content.at.file, text)
			if err != nil || len(documents) != 1 || documents[0].shape != mapping {
				r.fail(content.at, "config %s: want one mapping of options", source)
				return nil, false
			}
			return documents[0], true
		}
		return nil, false
	}
}

func environmentOf(service *value) map[string]string {
	env := map[string]string{}
	environment(service.get("environment"), env)
	return env
}

// composeWords are the words of entry point and command; a text is split as a
// shell splits, a list is not.
func (r *reader) composeWords(service *value) (words []word, script string) {
	for _, key := range []string{"entrypoint", "command"} {
		v := service.get(key)
		if v == nil {
			continue
		}
		if v.shape == scalar {
			text, why := interpolate(v.text, r.env)
			if why != "" {
				words = append(words, word{text: "--" + key, line: v.at.line}, word{line: v.at.line, why: why})
				continue
			}
			words = append(words, manifestReader{r}.split(&value{shape: scalar, text: text, at: v.at})...)
			continue
		}
		for _, item := range v.list() {
			text, why := interpolate(item.string(), r.env)
			words = append(words, word{text: text, line: item.at.line, why: why})
		}
	}
	if inner, _ := shellScript(words); inner.text != "" {
		return words, inner.text
	}
	return words, ""
}

var composeVariable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(:?[-?+])?([^}]*)\}|\$([A-Za-z_]\w*)`)

// interpolate puts variables in place as compose does: ${X}, ${X:-default}.
func interpolate(text string, env map[string]string) (out, why string) {
	out = composeVariable.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$$" {
			return "$"
		}
		parts := composeVariable.FindStringSubmatch(m)
		name := parts[1] + parts[4]
		text, set := env[name]
		switch parts[2] {
		case ":-":
			if text == "" {
				return parts[3]
			}
		case "-":
			if !set {
				return parts[3]
			}
		case "+", ":+":
			if set {
				return parts[3]
			}
			return ""
		default:
			if !set {
				why = "$" + name + " has no value here"
			}
		}
		return text
	})
	if strings.Contains(out, "$(") || strings.Contains(out, "`") {
		why = out + ": a substitution, which is never run"
	}
	return out, why
}

// devices is how many accelerators a service reserves.
func devices(service *value) int {
	for _, device := range service.get("deploy", "resources", "reservations", "devices").list() {
		if ids := device.get("device_ids").list(); len(ids) > 0 {
			return len(ids)
		}
		if n, ok := device.get("count").integer(); ok && n > 0 {
			return n
		}
	}
	if n, ok := service.get("gpus").integer(); ok && n > 0 {
		return n
	}
	return 0
}
