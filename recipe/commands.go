package recipe

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// around is what surrounds a command: the container it runs in, the role it is
// labelled with, how many of it there are.
type around struct {
	family       string // that the image's entry point starts
	role         string
	sure         bool // the role is said, not only hinted at by a name
	workers      int
	accelerators int
	optional     bool
	version      string
	chip         string
	env          map[string]string
	mounts       func(path string) (*value, bool) // files of the container
	byPort       func(port string) string         // role by the port served
}

// start is where an engine's or a router's arguments begin.
type start struct {
	family string // empty = a router
	router string
	dynamo bool
	args   []word
	bare   bool // the first argument without a flag is the model
}

// findStart finds the engine in a command's words, whatever wraps it.
func findStart(words []word, family string) (start, bool) {
	for i, w := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1].text
		}
		rest := words[i+1:]
		switch name := path.Base(w.text); {
		case name == vllm && next == "serve":
			return start{family: vllm, args: rest[1:], bare: true}, true
		case strings.HasPrefix(w.text, "vllm.entrypoints"):
			return start{family: vllm, args: rest}, true
		case w.text == "sglang.launch_server", name == sglang && next == "serve":
			if name == sglang {
				rest = rest[1:]
			}
			return start{family: sglang, args: rest}, true
		case name == "trtllm-serve":
			if next == "disaggregated" {
				return start{router: "trtllm-serve", args: rest[1:]}, true
			}
			if next == "serve" {
				rest = rest[1:]
			}
			if next == "disaggregated_mpi_worker" || next == "mm_embedding_serve" {
				return start{}, false
			}
			return start{family: trtllm, args: rest, bare: true}, true
		case strings.HasPrefix(w.text, "dynamo."):
			return dynamoStart(w.text, rest)
		case w.text == "sglang_router.launch_router", name == "sglang-router", w.text == "sglang_router.launch_server",
			w.text == "sglang.srt.disaggregation.mini_lb", name == "smg":
			return start{router: sglang, args: rest}, true
		case name == "vllm-router":
			return start{router: "vllm-router", args: rest}, true
		case strings.HasSuffix(name, ".py") && strings.Contains(name, "proxy"):
			return start{router: "proxy", args: rest}, true
		case imageStarts(w.text) && i > 0:
			return start{family: vllm, args: rest, bare: true}, true
		}
	}
	if family != "" {
		return start{family: family, args: words, bare: true}, true
	}
	return start{}, false
}

func dynamoStart(module string, rest []word) (start, bool) {
	switch name := strings.TrimPrefix(module, "dynamo."); name {
	case vllm, sglang, trtllm:
		return start{family: name, dynamo: true, args: rest}, true
	case "frontend", "router":
		return start{router: "dynamo", args: rest}, true
	}
	return start{}, false
}

// imageStarts says whether an image's entry point is vLLM's server.
func imageStarts(image string) bool { return strings.Contains(image, "vllm-openai") }

// command reads one command of a script or a container. It reports whether it
// starts anything that is known.
func (r *reader) command(c command, a around) bool {
	from, ok := findStart(c.words, a.family)
	if !ok {
		return false
	}
	if from.family == "" {
		r.routerCommand(from, c, a.mounts)
		return true
	}
	if !r.valued(from.family, from.args, c) {
		return true
	}
	l := &launch{
		family:       from.family,
		settings:     newSettings(from.family, &r.log),
		env:          c.env,
		role:         a.role,
		workers:      max(1, a.workers),
		accelerators: a.accelerators,
		optional:     a.optional,
		version:      a.version,
		chip:         a.chip,
		at:           c.at,
	}
	r.flags(l, from, a.mounts)
	r.runOptions(l, c)
	r.place(l, a, from.dynamo)
	return true
}

// valued reports the words of an engine's command that have no value. Where that is
// of a flag that means nothing here, nothing is lost.
func (r *reader) valued(family string, args []word, c command) bool {
	fine := true
	flag := ""
	for _, w := range args {
		if w.why != "" {
			key := flag
			if name, _, ok := strings.Cut(w.text, "="); ok && strings.HasPrefix(name, "-") {
				key = name
			}
			if strings.HasPrefix(key, "-") && meaningless(family, canonical(family, key)) {
				continue
			}
			r.fail(place{file: c.at.file, line: w.line, key: key}, "%s: give the value instead, or --set NAME=VALUE", w.why)
			fine = false
			continue
		}
		if strings.HasPrefix(w.text, "-") {
			flag = w.text
		}
	}
	return fine
}

var (
	flagWord  = regexp.MustCompile(`^--?[A-Za-z]`)
	trueWords = regexp.MustCompile(`(?i)^(true|false)$`)
)

// several are flags that take more than one word.
func several(key string) bool {
	return slices.Contains([]string{
		"cuda-graph-bs", "cuda-graph-sizes", "cudagraph-capture-sizes", "served-model-name", "lora-modules", "lora-paths",
		"allowed-origins", "middleware", "prefill", "decode", "worker-urls", "encoder-urls", "warmups", "prefiller-ports",
		"prefiller-port", "prefiller-hosts", "prefiller-host", "decoder-ports", "decoder-port", "decoder-hosts",
		"decoder-host",
	}, key)
}

// bareFlag says whether a flag takes no value.
func bareFlag(key string) bool {
	for _, prefix := range []string{"enable-", "disable-", "no-", "use-", "skip-", "allow-", "is-", "enforce-", "trust-"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"async-scheduling", "headless", "speculative-adaptive", "prefill-round-robin-balance", "return-perf-metrics",
		"sleep-on-idle", "log-requests", "print-iter-log", "data-parallel-hybrid-lb", "data-parallel-external-lb",
		"multimodal-worker", "pd-disaggregation", "language-model-only", "encoder-only", "language-only",
	}, key)
}

// flags reads arguments into settings; a configuration file that they name
// lies below the flags, TensorRT-LLM's above them.
func (r *reader) flags(l *launch, from start, mounts func(string) (*value, bool)) {
	s := newSettings(l.family, &r.log)
	s.single = true
	r.arguments(s, from, l.at.file)
	s.single = false
	if v := s.node("extra-llm-api-options"); l.family == trtllm && v != nil {
		if options, ok := r.configuration(v.string(), s.at("extra-llm-api-options"), mounts); ok {
			above := newSettings(l.family, &r.log)
			above.putAll(options, "")
			for _, key := range above.order {
				s.put(key, above.values[key].value, above.values[key].at)
			}
		}
	}
	if v := s.node("trtllm-override"); v == nil {
		for _, key := range s.order {
			if rest, ok := strings.CutPrefix(key, "trtllm-override."); ok {
				s.asked[key] = true
				s.put(rest, s.values[key].value, s.values[key].at)
			}
		}
	}
	if v := s.node("config"); l.family != trtllm && v != nil {
		if options, ok := r.configuration(v.string(), s.at("config"), mounts); ok {
			l.settings.putAll(options, "")
		}
	}
	for _, key := range s.order {
		if key == "config" || key == "extra-llm-api-options" || s.asked[key] && strings.HasPrefix(key, "trtllm-override") {
			continue
		}
		l.settings.put(key, s.values[key].value, s.values[key].at)
	}
}

func (r *reader) arguments(s *settings, from start, file string) {
	args := from.args
	for i := 0; i < len(args); i++ {
		w := args[i]
		if !flagWord.MatchString(w.text) {
			where := place{file: file, line: w.line, key: w.text}
			if from.bare && !s.has("model-path") && !s.has("model") && w.text != "" {
				where.key = "model"
				s.put("model", &value{shape: scalar, text: w.text, at: where}, where)
			} else if w.text != "" && s.family != routers {
				r.note(where, "a word without a flag: not read")
			}
			continue
		}
		name, text, given := strings.Cut(w.text, "=")
		at := place{file: file, line: w.line, key: name}
		key := canonical(s.family, name)
		var words []string
		for !given && i+1 < len(args) && !flagWord.MatchString(args[i+1].text) {
			next := args[i+1].text
			if bareFlag(key) && !trueWords.MatchString(next) {
				break
			}
			words = append(words, next)
			i++
			if !several(key) {
				break
			}
		}
		v := &value{shape: scalar, text: text, at: at}
		switch {
		case given:
		case len(words) == 0:
			v.text = "true"
		case len(words) == 1:
			v.text = words[0]
		default:
			v = &value{shape: sequence, at: at}
			for _, t := range words {
				v.items = append(v.items, &value{shape: scalar, text: t, at: at})
			}
		}
		s.put(strings.TrimLeft(name, "-"), v, at)
	}
}

// runOptions reads what stands around the engine: docker run's options, and
// the accelerators that the environment shows it.
func (r *reader) runOptions(l *launch, c command) {
	for i, w := range c.words {
		if imageStarts(w.text) || strings.Contains(w.text, "sglang:") || strings.Contains(w.text, "tensorrt-llm") {
			if v := versionOf(w.text, l.family); v != "" && l.version == "" {
				l.version = v
			}
		}
		if (w.text == "-e" || w.text == "--env") && i+1 < len(c.words) {
			if name, text, ok := strings.Cut(c.words[i+1].text, "="); ok {
				l.env[name] = text
			}
		}
	}
	s := l.settings
	spread := s.size("nnodes") > 1 || s.has("data-parallel-size-local") || s.has("data-parallel-address")
	for _, name := range []string{"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"} {
		if devices := l.env[name]; devices != "" && devices != "all" && l.accelerators == 0 && !spread {
			l.accelerators, l.optional = len(strings.Split(devices, ",")), true
		}
	}
}

// place decides on the role of a launch, and leaves out the further processes
// of a worker that spans nodes.
func (r *reader) place(l *launch, a around, dynamo bool) {
	s := l.settings
	for _, rank := range []string{"node-rank", "data-parallel-start-rank", "data-parallel-rank"} {
		if n, ok := s.node(rank).integer(); ok && n > 0 {
			return
		}
	}
	if s.on("headless") {
		return
	}
	said := said(s)
	if dynamo {
		s.has("connector")
	}
	switch {
	case said != "":
		if a.sure && a.role != "" && said != "mixed" && said != a.role {
			r.fail(s.at("disaggregation-mode", "is-prefill-worker", "kv-transfer-config.kv-role"),
				"a %s worker, but it stands for %s", said, a.role)
		}
		if said != "mixed" || !a.sure {
			l.role, a.sure = said, true
		}
	case a.role == "" && a.byPort != nil:
		l.role = a.byPort(s.text("port"))
		a.sure = l.role != ""
	}
	r.launches = append(r.launches, placed{l, a.sure})
}

// said is the role that an engine's own flags name.
func said(s *settings) string {
	mode := strings.ToLower(s.text("disaggregation-mode", "disaggregation-strategy", "server-role"))
	switch {
	case mode == "prefill", mode == "context", s.on("is-prefill-worker"), mode == "prefill_first":
		return "prefill"
	case mode == "decode", mode == "generation", s.on("is-decode-worker"):
		return "decode"
	case mode == "agg", mode == "aggregated", mode == "prefill_and_decode":
		return "mixed"
	}
	switch s.text("kv-transfer-config.kv-role") {
	case "kv_producer":
		return "prefill"
	case "kv_consumer":
		return "decode"
	}
	return ""
}

// versionOf is the engine's version in the name of an image or container.
func versionOf(image, family string) string {
	image = strings.ToLower(image)
	names := []string{family}
	if family == trtllm {
		names = []string{"tensorrt-llm", "tensorrt_llm", trtllm}
	}
	for _, name := range names {
		before, after, ok := strings.Cut(image, name)
		if !ok || strings.Contains(before, "dynamo") || strings.Contains(before, "llm-d") {
			continue
		}
		if m := versionText.FindStringSubmatch(after); m != nil {
			return m[1]
		}
	}
	return ""
}

var versionText = regexp.MustCompile(`[-_:/v](\d+\.\d+(?:\.\d+)?(?:\.?(?:rc|post|dev)\d+)*)`)
