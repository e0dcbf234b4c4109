package recipe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// recipe makes pools of all launches.
func (r *reader) recipe() *Recipe {
	r.roles()
	out := &Recipe{Format: r.format, Pools: map[string]*Pool{}, Workload: r.workload}
	first := map[string]*launch{}
	for _, l := range r.launches {
		p := l.pool()
		if old := out.Pools[l.role]; old != nil {
			r.merge(l, old, p, first[l.role])
			continue
		}
		out.Pools[l.role], first[l.role] = p, l.launch
		r.head(out, l.launch)
	}
	if len(r.launches) == 0 {
		if len(r.faults) == 0 {
			r.fail(place{}, "no engine is started in these files: want vllm serve, sglang.launch_server, trtllm-serve, "+
				"a recipe or a manifest of one")
		}
		return out
	}
	out.Model = given(r.model)
	out.Weights = given(r.weights)
	out.Accelerator = given(r.chip)
	for _, p := range out.Pools {
		out.Accelerators += p.Workers * p.AcceleratorsPerWorker
	}
	for _, l := range r.launches {
		if l.settings.on("kv-events-config.enable-kv-cache-events") {
			r.router.Events = r.router.Kind == "dynamo"
		}
	}
	out.Router = r.router
	if r.noEvents {
		out.Router.Events = false
	}
	out.NotRead = append([]Note{}, r.notes...)
	if len(r.faults) == 0 {
		out.deploy(r)
	}
	return out
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// head takes what holds for the whole recipe from a launch.
func (r *reader) head(out *Recipe, l *launch) {
	s := l.settings
	model := s.text("model", "model-path")
	s.has("model")
	if out.Engine.Family == "" {
		out.Engine.Family = l.family
	} else if out.Engine.Family != l.family {
		r.fail(l.at, "%s beside %s: one deployment has one engine", l.family, out.Engine.Family)
	}
	if l.version != "" && out.Engine.Version == nil {
		out.Engine.Version = &l.version
	}
	switch {
	case r.model == "":
		r.model = model
	case model != "" && model != r.model && r.format != "srt-slurm" && !strings.HasPrefix(r.format, "llm-d"):
		r.fail(l.at, "serves %s, another role serves %s", model, r.model)
	}
	if r.chip == "" {
		r.chip = l.chip
	}
}

// merge adds equal workers to a pool.
func (r *reader) merge(l placed, old, more *Pool, first *launch) {
	a, b := *old, *more
	a.Workers, b.Workers = 0, 0
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	same := func(l *launch) string { return l.settings.text("model", "model-path") }
	if err != nil || err2 != nil || string(x) != string(y) || same(l.launch) != same(first) {
		r.fail(l.at, "differs from the %s worker in %s line %d: a pool has equal workers", l.role, first.at.file,
			first.at.line)
		return
	}
	old.Workers += more.Workers
}

// roles decides what hints mean once all launches are there, and what is
// missing.
func (r *reader) roles() {
	has := func(role string, sure bool) bool {
		return slices.ContainsFunc(r.launches, func(l placed) bool { return l.role == role && (l.sure || !sure) })
	}
	prefill, decode := has("prefill", false), has("decode", false)
	for i := range r.launches {
		l := &r.launches[i]
		switch {
		case l.role == "prefill" && !l.sure && !decode && !has("", false):
			l.role = "mixed"
		case l.role == "decode" && !l.sure && !prefill:
			l.role = "mixed"
		case l.role == "" && prefill && !decode:
			l.role = "decode"
		case l.role == "":
			l.role = "mixed"
		}
	}
	prefill, decode = has("prefill", false), has("decode", false)
	if len(r.faults) > 0 {
		return
	}
	for _, l := range r.launches {
		switch {
		case l.role == "prefill" && !decode:
			r.fail(l.at, "prefill without decode: the role decode is missing")
		case l.role == "decode" && !prefill:
			r.fail(l.at, "decode without prefill: the role prefill is missing")
		}
	}
}

// varied is the recipe of a file with several variants, none chosen.
func (r *reader) varied() *Recipe {
	out := &Recipe{Format: r.format, Router: r.router, Variants: r.variants, Workload: r.workload}
	out.NotRead = append([]Note{}, r.notes...)
	out.Model, out.Weights, out.Accelerator = given(r.model), given(r.weights), given(r.chip)
	out.Engine = r.engine
	names := make([]string, len(r.variants))
	for i, v := range r.variants {
		names[i] = v.Name
	}
	out.Assumed = []string{fmt.Sprintf("no variant is chosen: --variant %s, or base", strings.Join(names, ", "))}
	return out
}
