package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Diff is what is different between two saved results.
type Diff struct {
	Inputs  []InputChange  `json:"inputs"`
	Answers []AnswerChange `json:"answers"`
}

// InputChange is a part of the inputs; empty where one side lacks it.
type InputChange struct {
	Path string `json:"path"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// AnswerChange is a figure that is different. Intervals are those of the
// results; a figure that is counted per something has its answer's, in
// proportion.
type AnswerChange struct {
	Path      string      `json:"path"`
	A         float64     `json:"a"`
	B         float64     `json:"b"`
	Ratio     float64     `json:"ratio,omitempty"` // b over a; 0 where a is 0
	IntervalA *[2]float64 `json:"interval_a,omitempty"`
	IntervalB *[2]float64 `json:"interval_b,omitempty"`
	// Beyond says that the two intervals have nothing in common; nil where a
	// figure has none, so that nothing can be said.
	Beyond *bool `json:"beyond"`
}

// DiffOf compares two results as decoded from their JSON, numbers as float64.
func DiffOf(a, b map[string]any) *Diff {
	d := &Diff{Inputs: []InputChange{}, Answers: []AnswerChange{}}
	before, after := flat{}, flat{}
	before.walk("", a["inputs"])
	after.walk("", b["inputs"])
	for _, path := range unionOf(before.text, after.text) {
		if before.text[path] != after.text[path] {
			d.Inputs = append(d.Inputs, InputChange{path, before.text[path], after.text[path]})
		}
	}
	d.answers(a, b)
	return d
}

// workKeys are figures of the computation, not of what was asked.
func workKeys() []string {
	return []string{"inputs", "search", "wall_s", "events", "calls", "seed", "sample", "tornado", "series"}
}

func (d *Diff) answers(a, b map[string]any) {
	before, after := flat{skip: workKeys()}, flat{skip: workKeys()}
	before.walk("", a)
	after.walk("", b)
	for _, path := range slices.Sorted(maps.Keys(before.number)) {
		was := before.number[path]
		is, both := after.number[path]
		if !both || was == is {
			continue
		}
		c := AnswerChange{
			Path:      path,
			A:         was,
			B:         is,
			IntervalA: before.interval(path),
			IntervalB: after.interval(path),
		}
		if was != 0 {
			c.Ratio = is / was
		}
		if c.IntervalA != nil && c.IntervalB != nil {
			beyond := c.IntervalA[1] < c.IntervalB[0] || c.IntervalB[1] < c.IntervalA[0]
			c.Beyond = &beyond
		}
		d.Answers = append(d.Answers, c)
	}
}

// flat is a JSON value by the paths of its leaves.
type flat struct {
	skip   []string
	text   map[string]string
	number map[string]float64
}

func (f *flat) walk(path string, node any) {
	if f.text == nil {
		f.text, f.number = map[string]string{}, map[string]float64{}
	}
	switch v := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if !slices.Contains(f.skip, key) {
				f.walk(strings.TrimPrefix(path+"."+key, "."), v[key])
			}
		}
	case []any:
		for i, item := range v {
			if set, ok := item.(string); ok && strings.Contains(set, "=") { // an override is compared by its path
				key, value, _ := strings.Cut(set, "=")
				f.text[path+"."+key] = value
				continue
			}
			f.walk(fmt.Sprintf("%s[%s]", path, labelOf(item, i)), item)
		}
	case float64:
		f.number[path], f.text[path] = v, fmt.Sprint(v)
	case nil:
	default:
		f.text[path] = fmt.Sprint(v)
	}
}

// labelOf names an item of a list by what it is about, so that lists in
// another order are compared item by item.
func labelOf(item any, i int) string {
	if fields, ok := item.(map[string]any); ok {
		for _, key := range []string{"system", "scenario", "name", "pool", "file", "output_speed"} {
			if name, ok := fields[key]; ok {
				return fmt.Sprint(name)
			}
		}
	}
	return fmt.Sprint(i)
}

// interval is that of the figure at a path, or nil.
func (f *flat) interval(path string) *[2]float64 {
	if quantile, ok := strings.CutSuffix(path, ".p50"); ok {
		return f.pair(quantile+".p10", quantile+".p90", 1)
	}
	const answer = "capacity.agents"
	head, _, ok := strings.Cut(path, answer)
	if !ok || head != "" && !strings.HasSuffix(head, ".") {
		return nil
	}
	agents := f.number[head+answer]
	if agents == 0 || strings.HasSuffix(path, "_low") || strings.HasSuffix(path, "_high") {
		return nil
	}
	return f.pair(head+answer+"_low", head+answer+"_high", f.number[path]/agents)
}

func (f *flat) pair(low, high string, factor float64) *[2]float64 {
	from, ok := f.number[low]
	to, also := f.number[high]
	if !ok || !also {
		return nil
	}
	return &[2]float64{from * factor, to * factor}
}

func unionOf(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
