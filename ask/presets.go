package ask

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/scenarios"
)

// Catalogue is what comes with the program, by name.
type Catalogue struct {
	Version   string  `json:"version"`
	Scenarios []Named `json:"scenarios"`
	Compared  []Named `json:"comparisons"`
	Studies   []Named `json:"studies"`
	Kinds     []Kind  `json:"kinds"`
}

// Named is one of them, in a sentence.
type Named struct {
	Name     string `json:"name"`
	About    string `json:"about,omitempty"`
	Question string `json:"question,omitempty"`
}

// Kind is a kind of presets.
type Kind struct {
	Name    string  `json:"name"`
	Presets []Named `json:"presets"`
}

// Catalogue lists what comes with the program.
func (d *Desk) Catalogue() *Catalogue {
	library := configs.Presets()
	c := &Catalogue{Version: d.Version, Scenarios: listed(scenarios.FS), Compared: listed(scenarios.Comparisons()),
		Studies: listed(scenarios.Studies())}
	for _, name := range library.KindNames() {
		k := Kind{Name: name}
		for _, preset := range library.Names(name) {
			about := ""
			if content, err := fs.ReadFile(library.FS, name+"/"+preset+".yaml"); err == nil {
				about = configs.FirstSentence(configs.OpeningComment(content))
			}
			k.Presets = append(k.Presets, Named{Name: preset, About: about})
		}
		c.Kinds = append(c.Kinds, k)
	}
	return c
}

func listed(from fs.FS) []Named {
	list := []Named{}
	for _, name := range configs.NamesIn(from) {
		content, err := fs.ReadFile(from, name+".yaml")
		if err != nil {
			continue
		}
		about := configs.FirstSentence(configs.OpeningComment(content))
		list = append(list, Named{Name: name, About: about, Question: question(content)})
	}
	return list
}

// question is what a file asks, on a line of its own.
func question(content []byte) string {
	for line := range strings.Lines(string(content)) {
		if text, ok := strings.CutPrefix(line, "question:"); ok {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// PresetQuestion names a preset, or a text that comes with the program.
type PresetQuestion struct {
	Kind string `json:"kind" maxLength:"40" doc:"scenarios, comparisons, studies, or a kind of presets such as systems"`
	Name string `json:"name" maxLength:"200" doc:"such as gb300-nvl72"`
}

// Preset is one with the source of every number.
type Preset struct {
	Kind    string                `json:"kind"`
	Name    string                `json:"name"`
	Comment string                `json:"comment,omitempty"`
	Values  []configs.PresetValue `json:"values,omitempty"`
	YAML    string                `json:"yaml"`
}

// Preset tells what a preset says, and where its numbers are from.
func (d *Desk) Preset(q *PresetQuestion) (*Preset, error) {
	library := configs.Presets()
	texts := map[string]fs.FS{
		"scenarios":   scenarios.FS,
		"comparisons": scenarios.Comparisons(),
		"studies":     scenarios.Studies(),
	}
	if from := texts[q.Kind]; from != nil {
		known := configs.NamesIn(from)
		if !slices.Contains(known, q.Name) {
			return nil, unknownName(q.Kind, q.Name, known)
		}
		content, err := fs.ReadFile(from, q.Name+".yaml")
		if err != nil {
			return nil, err
		}
		return &Preset{Kind: q.Kind, Name: q.Name, Comment: configs.OpeningComment(content), YAML: string(content)}, nil
	}
	if kinds := library.KindNames(); !slices.Contains(kinds, q.Kind) {
		return nil, unknownName("kinds", q.Kind, append(kinds, "scenarios", "comparisons", "studies"))
	}
	if known := library.Names(q.Kind); !slices.Contains(known, q.Name) {
		return nil, unknownName(q.Kind, q.Name, known)
	}
	described, err := library.Describe(q.Kind, q.Name)
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(library.FS, q.Kind+"/"+q.Name+".yaml")
	if err != nil {
		return nil, err
	}
	return &Preset{
		Kind:    q.Kind,
		Name:    q.Name,
		Comment: described.Comment,
		Values:  described.Values,
		YAML:    string(content),
	}, nil
}

func unknownName(kind, name string, known []string) error {
	hint := ""
	if near, ok := configs.Nearest(name, known); ok {
		hint = ", did you mean " + near + "?"
	}
	return fmt.Errorf("%s: none is called %q%s (known: %s)", shown(kind), shown(name), hint, strings.Join(known, ", "))
}

// FieldQuestion asks what a field of a scenario means.
type FieldQuestion struct {
	Path string `json:"path" maxLength:"300" doc:"such as deployment.decode.workers"`
}

// Field says what a field of a scenario means.
func (d *Desk) Field(q *FieldQuestion) (*configs.Meaning, error) {
	m, err := configs.MeaningOf(q.Path)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Fields is what every field of a scenario means.
type Fields struct {
	Fields []configs.Meaning `json:"fields"`
}

// Fields lists all fields of a scenario, for completion and for help.
func (d *Desk) Fields() *Fields { return &Fields{configs.Meanings()} }

// ValuesQuestion asks what stands at some paths of a scenario.
type ValuesQuestion struct {
	Question
	Paths []string `json:"paths" maxItems:"200" doc:"such as system.accelerator.hbm.capacity"`
}

// FieldValue is what stands at a path of a scenario.
type FieldValue struct {
	Path    string  `json:"path"`
	Text    string  `json:"text" doc:"as it would be written; empty where nothing is"`
	Number  float64 `json:"number,omitempty" doc:"in base units"`
	Unit    string  `json:"unit,omitempty"`
	Numeric bool    `json:"numeric,omitempty"`
	Line    int     `json:"line,omitempty" doc:"of the scenario's text, where it stands there"`
}

// Values reads fields of a scenario as it is resolved.
type Values struct {
	Values []FieldValue `json:"values"`
}

// Values tells what stands at paths of a scenario, presets resolved.
func (d *Desk) Values(q *ValuesQuestion) (*Values, error) {
	_, p, err := d.load(&q.Question)
	if err != nil {
		return nil, err
	}
	v := &Values{Values: []FieldValue{}}
	for _, path := range q.Paths {
		f := FieldValue{Path: path}
		if value, err := p.Value(path); err == nil {
			f.Text, f.Number, f.Unit, f.Numeric = value.Text, value.Number, value.Unit, value.Numeric
			if at := p.At(path); at.File == textName {
				f.Line = at.Line
			}
		}
		v.Values = append(v.Values, f)
	}
	return v, nil
}

// DifferencesQuestion asks in which fields two scenarios differ.
type DifferencesQuestion struct {
	A Question `json:"a"`
	B Question `json:"b"`
}

// Differences are fields in which two scenarios differ.
type Differences struct {
	Fields []Difference `json:"fields"`
	All    int          `json:"all" doc:"how many there are, of which the first some hundred are listed"`
}

// Difference is one field.
type Difference struct {
	Path string `json:"path"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// Differences lists them.
func (d *Desk) Differences(q *DifferencesQuestion) (*Differences, error) {
	a, _, err := d.load(&q.A)
	if err != nil {
		return nil, fmt.Errorf("a: %w", err)
	}
	b, _, err := d.load(&q.B)
	if err != nil {
		return nil, fmt.Errorf("b: %w", err)
	}
	const most = 400
	found := configs.Differences(*a, *b)
	out := &Differences{Fields: []Difference{}, All: len(found)}
	for _, f := range found[:min(most, len(found))] {
		out.Fields = append(out.Fields, Difference{Path: f.Path, A: f.A, B: f.B})
	}
	return out, nil
}
