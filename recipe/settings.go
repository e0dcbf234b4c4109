package recipe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	faults "agentsim/fault"
)

// The engine families.
const (
	vllm   = "vllm"
	sglang = "sglang"
	trtllm = "trtllm"
)

// routers is the family of the settings of what stands before engines.
const routers = "router"

// settings are what an engine is told, by canonical key: lower case, hyphens,
// nested mappings as dotted paths. What is read is marked, so that the rest can
// be reported.
type settings struct {
	family string
	log    *log
	values map[string]setting
	order  []string
	asked  map[string]bool
	single bool // one source: a key with two values contradicts itself
}

type setting struct {
	value *value
	at    place // with the key as written
}

func newSettings(family string, l *log) *settings {
	return &settings{family: family, log: l, values: map[string]setting{}, asked: map[string]bool{}}
}

// canonical is the one name of a key with several spellings.
func canonical(family, key string) string {
	key = strings.ToLower(strings.ReplaceAll(strings.TrimLeft(key, "-"), "_", "-"))
	head, rest, dotted := strings.Cut(key, ".")
	if name, ok := aliases(family)[head]; ok {
		head = name
	}
	if dotted {
		return head + "." + rest
	}
	return head
}

func aliases(family string) map[string]string {
	switch family {
	case vllm:
		return map[string]string{
			"tp": "tensor-parallel-size", "pp": "pipeline-parallel-size", "dp": "data-parallel-size",
			"ep": "enable-expert-parallel", "dcp": "decode-context-parallel-size", "pcp": "prefill-context-parallel-size",
			"dpl": "data-parallel-size-local", "dpn": "data-parallel-rank", "dpr": "data-parallel-start-rank",
			"dpa": "data-parallel-address", "dpp": "data-parallel-rpc-port", "dpb": "data-parallel-backend",
			"q": "quantization", "o": "compilation-config", "cc": "compilation-config", "sc": "speculative-config",
			"ac": "attention-config", "model-tag": "model", "r": "data-parallel-rank", "n": "nnodes",
			"asc": "api-server-count", "dph": "data-parallel-hybrid-lb", "dpe": "data-parallel-external-lb",
			"max-seq-len-to-capture": "max-cudagraph-capture-size", "cudagraph-capture-sizes": "cuda-graph-sizes",
		}
	case sglang:
		return map[string]string{
			"tp": "tp-size", "tensor-parallel-size": "tp-size", "dp": "dp-size", "data-parallel-size": "dp-size",
			"ep": "ep-size", "expert-parallel-size": "ep-size", "pp": "pp-size", "pipeline-parallel-size": "pp-size",
			"model": "model-path", "attn-cp-size": "attention-context-parallel-size",
			"attn-context-parallel-size": "attention-context-parallel-size",
			"speculative-algo":           "speculative-algorithm", "speculative-draft-model": "speculative-draft-model-path",
			"dcp": "dcp-size", "decode-context-parallel-size": "dcp-size", "moe-runner": "moe-runner-backend",
			"cuda-graph-max-batch-size": "cuda-graph-max-bs", "cuda-graph-max-bs-decode": "cuda-graph-max-bs",
			"cuda-graph-bs-decode": "cuda-graph-bs", "enable-mixed-chunked-prefill": "enable-mixed-chunk",
		}
	case trtllm:
		return trtllmAliases()
	}
	return nil
}

func trtllmAliases() map[string]string {
	return map[string]string{
		"tp": "tensor-parallel-size", "tp-size": "tensor-parallel-size", "pp": "pipeline-parallel-size",
		"pp-size": "pipeline-parallel-size", "ep": "moe-expert-parallel-size", "ep-size": "moe-expert-parallel-size",
		"cp-size": "context-parallel-size", "cluster-size": "moe-cluster-parallel-size",
		"moe-ep-size": "moe-expert-parallel-size", "model": "model-path",
		"kv-cache-free-gpu-mem-fraction":    "kv-cache-config.free-gpu-memory-fraction",
		"kv-cache-free-gpu-memory-fraction": "kv-cache-config.free-gpu-memory-fraction",
		"free-gpu-memory-fraction":          "kv-cache-config.free-gpu-memory-fraction",
		"kv-cache-dtype":                    "kv-cache-config.dtype",
		"extra-engine-args":                 "extra-llm-api-options", "config": "extra-llm-api-options",
		"c": "extra-llm-api-options", "override-engine-args": "trtllm-override",
	}
}

// whole are keys whose mapping is one value: batch sizes and depths.
func whole(key string) bool {
	return strings.HasSuffix(key, "draft-len-schedule") || strings.HasSuffix(key, "tokens-per-batch-size")
}

// put sets a key. Mappings, also as JSON in a text, are taken apart.
func (s *settings) put(key string, v *value, at place) {
	key = canonical(s.family, key)
	if v.shape == scalar && strings.HasPrefix(strings.TrimSpace(v.text), "{") && s.structured(key) {
		parsed, err := readYAML(at.file, v.text)
		if err != nil || len(parsed) != 1 || parsed[0].shape != mapping {
			s.log.fail(at, "%q: want a JSON object", v.text)
			return
		}
		v = parsed[0]
	}
	if v.shape == mapping && !whole(key) && len(v.fields) > 0 {
		for _, f := range v.fields {
			below := at
			below.key += "." + f.key
			if f.value.at.file == at.file && f.value.at.line > at.line {
				below.line = f.value.at.line
			}
			s.put(key+"."+f.key, f.value, below)
		}
		return
	}
	if on, negated := strings.CutPrefix(key, "no-"); negated && s.family == vllm {
		yes, ok := v.truth()
		key, v = on, &value{shape: scalar, text: strconv.FormatBool(ok && !yes), at: v.at}
	}
	if old, known := s.values[key]; !known {
		s.order = append(s.order, key)
	} else if s.single && old.value.string() != v.string() {
		s.log.fail(at, "%s, but %s in line %d says %s", v.string(), old.at.key, old.at.line, old.value.string())
	}
	s.values[key] = setting{v, at}
}

// structured says whether a text that begins with a brace is JSON for the key.
func (s *settings) structured(key string) bool {
	return strings.HasSuffix(key, "config") || strings.HasSuffix(key, "override") || whole(key) ||
		strings.Contains(key, "config.") || strings.HasSuffix(key, "options") || strings.HasSuffix(key, "overrides")
}

// putAll sets all keys of a mapping under a path that faults name.
func (s *settings) putAll(v *value, path string) {
	if v == nil {
		return
	}
	s.single = true
	for _, f := range v.fields {
		at := f.value.at
		at.key = path + f.key
		s.put(f.key, f.value, at)
	}
	s.single = false
}

// has says whether a key is there with a value.
func (s *settings) has(key string) bool {
	s.asked[key] = true
	v, ok := s.values[key]
	return ok && v.value.shape != nothing
}

// null says whether a key is there and null.
func (s *settings) null(key string) bool {
	s.asked[key] = true
	v, ok := s.values[key]
	return ok && v.value.shape == nothing && v.value.text != takenAway
}

// reset says whether an override took a key away.
func (s *settings) reset(key string) bool {
	return s.values[key].value != nil && s.values[key].value.text == takenAway
}

func (s *settings) node(key string) *value {
	if !s.has(key) {
		return nil
	}
	return s.values[key].value
}

func (s *settings) text(keys ...string) string {
	for _, key := range keys {
		if v := s.node(key); v != nil && v.string() != "" {
			return v.string()
		}
	}
	return ""
}

// at is where a key stands; the first that is there of several.
func (s *settings) at(keys ...string) place {
	for _, key := range keys {
		if v, ok := s.values[key]; ok {
			return v.at
		}
	}
	return place{}
}

// number is a whole number of at least a smallest value; nil if it is not there.
func (s *settings) number(key string, least int) *int {
	v := s.node(key)
	if v == nil || v.string() == "None" || v.string() == "null" {
		return nil
	}
	n, ok := v.integer()
	if !ok || n < least {
		s.log.fail(s.at(key), "%q: want a whole number of %d or more", v.string(), least)
		return nil
	}
	return &n
}

// size is a number of at least 1, which is 1 if it is not there.
func (s *settings) size(key string) int {
	const most = 1 << 20
	n := s.number(key, 1)
	if n == nil {
		return 1
	}
	if *n > most {
		s.log.fail(s.at(key), "%d: more than %d accelerators", *n, most)
		return 1
	}
	return *n
}

// share is a fraction of memory; nil if it is not there.
func (s *settings) share(key string) *float64 {
	v := s.node(key)
	if v == nil {
		return nil
	}
	f, err := strconv.ParseFloat(v.string(), 64)
	if err != nil || !(f > 0 && f <= 1) {
		s.log.fail(s.at(key), "%q: want a share of memory above 0 and at most 1", v.string())
		return nil
	}
	return &f
}

func (s *settings) float(key string) *float64 {
	v := s.node(key)
	if v == nil {
		return nil
	}
	f, err := strconv.ParseFloat(v.string(), 64)
	if err != nil || f != f || f < 0 || f > 1e15 {
		s.log.fail(s.at(key), "%q: want a number", v.string())
		return nil
	}
	return &f
}

// truth is a boolean; nil if it is not there. A flag without a value is true.
func (s *settings) truth(key string) *bool {
	v := s.node(key)
	if v == nil {
		return nil
	}
	yes, ok := v.truth()
	if !ok {
		s.log.fail(s.at(key), "%q: want true or false", v.string())
		return nil
	}
	return &yes
}

func (s *settings) on(key string) bool {
	yes := s.truth(key)
	return yes != nil && *yes
}

// numbers is a list of whole numbers; nil if it is not there.
func (s *settings) numbers(key string) []int {
	v := s.node(key)
	var out []int
	for _, item := range v.list() {
		for _, part := range strings.Fields(strings.NewReplacer(",", " ", "[", " ", "]", " ").Replace(item.string())) {
			n, ok := wholeNumber(part)
			if !ok || n < 0 {
				s.log.fail(s.at(key), "%q: want whole numbers", part)
				return nil
			}
			out = append(out, n)
		}
	}
	return out
}

// finish reports every key that was not read: silently left aside if it means
// nothing here, an error if it is nearly one that means something, otherwise
// listed.
func (s *settings) finish() {
	var known []string
	for key := range s.asked {
		known = append(known, key)
	}
	slices.Sort(known)
	for _, key := range s.order {
		if s.asked[key] || meaningless(s.family, key) || s.empty(key, known) {
			continue
		}
		at := s.values[key].at
		if right, ok := misspelt(key, known, shortestFlag); ok {
			s.log.fail(at, "no such key; %s is meant", asWritten(at.key, key, right))
			continue
		}
		s.log.note(at, fmt.Sprintf("unknown to this reader of %s: not read", s.family))
	}
}

// empty says whether a mapping that could hold keys with a meaning is null or
// has none.
func (s *settings) empty(key string, known []string) bool {
	v := s.values[key].value
	return (v.shape == nothing || v.shape == mapping && len(v.fields) == 0) &&
		slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, key+".") })
}

// asWritten spells a canonical key like the one beside it.
func asWritten(written, key, right string) string {
	if strings.HasPrefix(written, "--") {
		right = "--" + right
	}
	if strings.Contains(strings.TrimLeft(written, "-"), "_") && !strings.Contains(strings.TrimLeft(written, "-"), "-") {
		right = strings.ReplaceAll(right, "-", "_")
	}
	return right
}

// The shortest keys in which a mistake is seen: among an engine's many flags
// short ones are near each other anyway.
const (
	shortestFlag = 9
	shortestKey  = 5
)

// misspelt finds the key that is meant by one nearly like it. Keys that differ
// by a whole word are not mistakes.
func misspelt(key string, known []string, shortest int) (string, bool) {
	const longest = 10
	if len(key) < shortest {
		return "", false
	}
	allowed := 1
	if len(key) > longest {
		allowed = 2
	}
	for _, right := range known {
		if d := faults.Distance(key, right); d > 0 && d <= allowed && len(right) >= shortest {
			return right, true
		}
	}
	return "", false
}
