package recipe

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// File is one file of a recipe.
type File struct {
	Name string
	Text []byte
}

// Options steer how a recipe is read.
type Options struct {
	Variant   string            // of a recipe with overrides: its name, or "base"
	Variables map[string]string // values of variables that the files leave open
}

// Recipe is what the files say.
type Recipe struct {
	Format       string           `json:"format"`
	Engine       Engine           `json:"engine"`
	Model        *string          `json:"model"`
	Weights      *string          `json:"weights"`
	Accelerator  *string          `json:"accelerator"`
	Accelerators int              `json:"accelerators,omitempty"`
	Router       Router           `json:"router"`
	Pools        map[string]*Pool `json:"pools,omitempty"` // prefill, decode, mixed
	Workload     map[string]any   `json:"workload,omitempty"`
	Variants     []Variant        `json:"variants,omitempty"` // where none is chosen
	NotRead      []Note           `json:"not_read"`
	Assumed      []string         `json:"assumed,omitempty"` // what the deployment takes that no file says
	Deployment   json.RawMessage  `json:"deployment,omitempty"`
}

// Engine is which program serves, and its version where a file says it.
type Engine struct {
	Family  string  `json:"family"`
	Version *string `json:"version"`
}

// Variant is one of the recipes that a file holds.
type Variant struct {
	Name         string           `json:"name"`
	Accelerators int              `json:"accelerators"`
	Pools        map[string]*Pool `json:"pools"`
	Deployment   json.RawMessage  `json:"deployment,omitempty"`
	Assumed      []string         `json:"assumed,omitempty"`
}

// placed is a launch, and whether its role is certain.
type placed struct {
	*launch
	sure bool
}

type reader struct {
	log
	options   Options
	documents map[string][]*value // by name of the file
	texts     map[string]string   // scripts
	env       map[string]string
	launches  []placed
	router    Router
	noEvents  bool
	ports     map[string]string // role by port, from an orchestrator
	inline    *value            // an orchestrator's configuration
	used      map[string]bool   // configuration files that something names
	format    string
	model     string
	weights   string
	chip      string
	engine    Engine
	workload  map[string]any
	variants  []Variant
}

// mostFiles is far above what a recipe has.
const mostFiles = 200

// Read makes one recipe of its files. The error is an Errors with all faults;
// nothing is returned then.
func Read(files []File, options Options) (*Recipe, error) {
	if len(files) == 0 || len(files) > mostFiles {
		return nil, Errors{fmt.Errorf("%d files: want 1 to %d", len(files), mostFiles)}
	}
	r := &reader{
		options:   options,
		documents: map[string][]*value{},
		texts:     map[string]string{},
		env:       map[string]string{},
		used:      map[string]bool{},
		router:    Router{Kind: "none"},
	}
	maps.Copy(r.env, options.Variables)
	r.open(files)
	if len(r.faults) > 0 {
		return nil, r.failed()
	}
	r.all(files)
	if r.variants != nil && len(r.faults) == 0 {
		return r.varied(), nil
	}
	if len(r.launches) == 0 && len(r.faults) > 0 {
		return nil, r.failed()
	}
	out := r.recipe()
	if len(r.faults) > 0 {
		return nil, r.failed()
	}
	return out, nil
}

func (r *reader) failed() error {
	slices.SortStableFunc(r.faults, func(a, b error) int { return strings.Compare(fileOf(a), fileOf(b)) })
	all := slices.Clone(r.faults)
	for _, n := range r.notes {
		all = append(all, fault{at: place{file: n.File, line: n.Line, key: n.Key}, says: n.Says})
	}
	return Errors(all)
}

func fileOf(err error) string {
	if f, ok := err.(fault); ok {
		return f.at.file
	}
	return ""
}

// open parses all files.
func (r *reader) open(files []File) {
	for _, f := range files {
		text := strings.TrimPrefix(string(f.Text), "\ufeff")
		name := path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
		switch ext := path.Ext(name); {
		case ext == ".env" || strings.HasPrefix(name, ".env"):
			r.environment(name, text)
		case ext == ".yaml" || ext == ".yml" || ext == ".json":
			documents, err := readYAML(name, text)
			if err != nil {
				r.add(err)
				continue
			}
			if len(documents) == 0 {
				r.fail(place{file: name}, "is empty")
			}
			r.documents[name] = append(r.documents[name], documents...)
		default:
			if strings.TrimSpace(text) == "" {
				r.fail(place{file: name}, "is empty")
			}
			r.texts[name] = text
		}
	}
}

// environment reads a file of NAME=VALUE lines.
func (r *reader) environment(file, text string) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		if !ok {
			r.fail(place{file: file, line: i + 1}, "%q: want NAME=VALUE", line)
			continue
		}
		v = strings.TrimSpace(v)
		if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		if _, given := r.options.Variables[name]; !given {
			r.env[strings.TrimSpace(name)] = v
		}
	}
}

// all reads what was opened: documents first, for commands may name them.
func (r *reader) all(files []File) {
	manifestReader{r}.configMaps()
	var names []string
	for _, f := range files {
		names = append(names, path.Base(f.Name))
	}
	for _, name := range names {
		for _, doc := range r.documents[name] {
			manifestReader{r}.document(name, doc)
		}
	}
	var scripts []*script
	for _, name := range names {
		text, ok := r.texts[name]
		if !ok {
			continue
		}
		s, err := readScript(name, text, r.env)
		if err != nil {
			r.add(err)
			continue
		}
		for _, f := range s.faults {
			r.add(f)
		}
		scripts = append(scripts, s)
	}
	r.scripts(scripts)
	if len(r.launches) == 0 && r.inline != nil {
		r.inlineServers(r.inline)
	}
	r.alone(names)
}

// scripts reads the commands of all scripts: routers first, for they may say
// which worker has which role.
func (r *reader) scripts(scripts []*script) {
	for _, s := range scripts {
		for name, text := range s.written {
			if documents, err := readYAML(path.Base(name), text); err == nil {
				r.documents[path.Base(name)] = documents
			}
		}
	}
	for _, routers := range []bool{true, false} {
		for _, s := range scripts {
			for _, c := range s.found {
				from, ok := findStart(c.words, "")
				if !ok || (from.family == "") != routers {
					continue
				}
				r.command(c, around{role: hint(s.file), byPort: r.rolePort})
				if r.format == "" && slices.Contains([]string{".sh", ".sbatch", ".slurm"}, path.Ext(s.file)) {
					r.format = "script"
				} else if r.format == "" {
					r.format = "command"
				}
			}
		}
	}
}

func (r *reader) rolePort(port string) string { return r.ports[port] }

// hint is the role that a name suggests.
func hint(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "prefill"), strings.HasPrefix(name, "ctx"), strings.Contains(name, "context"):
		return "prefill"
	case strings.Contains(name, "decode"), strings.HasPrefix(name, "gen."), strings.Contains(name, "generation"):
		return "decode"
	}
	return ""
}

// configuration finds a file that a flag names.
func (r *reader) configuration(file string, at place, mounts func(string) (*value, bool)) (*value, bool) {
	if mounts != nil {
		if v, ok := mounts(file); ok {
			return v, true
		}
	}
	name := path.Base(file)
	documents := r.documents[name]
	switch {
	case len(documents) == 1 && documents[0].shape == mapping:
		r.used[name] = true
		return documents[0], true
	case len(documents) == 1 && documents[0].shape == nothing:
		return documents[0], true
	case len(documents) > 0:
		r.fail(at, "%s: want one mapping of options", name)
	default:
		r.fail(at, "%s is not among the files: give it too", file)
	}
	return nil, false
}

// alone reads files of options that nothing names: as the deployment if there
// is nothing else, otherwise they are listed.
func (r *reader) alone(names []string) {
	for _, name := range names {
		for _, doc := range r.documents[name] {
			if r.used[name] || (manifestReader{r}).kind(doc) != "" {
				continue
			}
			family := familyOf(doc)
			if len(r.launches) > 0 || r.variants != nil || family == "" || len(r.faults) > 0 {
				r.note(place{file: name, key: name}, "no recipe, and no command names it: not read")
				continue
			}
			l := &launch{family: family, settings: newSettings(family, &r.log), workers: 1, at: place{file: name}}
			l.settings.putAll(doc, "")
			r.format = "options"
			r.launches = append(r.launches, placed{l, said(l.settings) != ""})
			last := r.launches[len(r.launches)-1]
			last.role = said(l.settings)
		}
	}
}

// familyOf tells whose options a mapping holds.
func familyOf(doc *value) string {
	for _, f := range []struct{ family, keys string }{
		{trtllm, "max_num_tokens kv_cache_config cuda_graph_config enable_attention_dp moe_expert_parallel_size " +
			"context_parallel_size enable_chunked_prefill max_batch_size moe_config disable_overlap_scheduler"},
		{sglang, "tp-size model-path mem-fraction-static chunked-prefill-size max-running-requests dp-size " +
			"disaggregation-mode"},
		{vllm, "tensor-parallel-size max-num-seqs max-num-batched-tokens gpu-memory-utilization data-parallel-size"},
	} {
		for _, key := range strings.Fields(f.keys) {
			if doc.get(key) != nil || doc.get(strings.ReplaceAll(key, "-", "_")) != nil && f.family != trtllm {
				return f.family
			}
		}
		// What all have is spelt with underscores in files of options of TensorRT-LLM
		// alone, whose own keys come first; those of vLLM are named by hyphens.
		if f.family == sglang && doc.get("tensor_parallel_size") != nil && !hasHyphens(doc) &&
			doc.get("max_num_seqs") == nil && doc.get("max_num_batched_tokens") == nil &&
			doc.get("gpu_memory_utilization") == nil {
			return trtllm
		}
	}
	return ""
}

// hasHyphens says whether any key of a mapping has one.
func hasHyphens(doc *value) bool {
	return slices.ContainsFunc(doc.fields, func(f field) bool { return strings.Contains(f.key, "-") })
}

// numeric is a number as JSON would have it.
func numeric(text string) any {
	if n, ok := wholeNumber(text); ok {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f == f && f < 1e15 && f > -1e15 {
		return f
	}
	return text
}
