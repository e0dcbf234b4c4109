package tree

import "strings"

// Description is what a preset says of itself and of its sources.
type Description struct {
	Kind, Name, File string
	Comment          string // the file's opening comment
	Sources          []Origin
	Values           []PresetValue // every number of it
}

// PresetValue is a number of a preset with what it rests on.
type PresetValue struct {
	Preset string `json:"preset"`
	Path   string `json:"path"`
	Value  string `json:"value"`
	Basis  string `json:"basis,omitempty"`
	Source string `json:"source,omitempty"`
}

// ValuesOf lists what the presets of a kind say at a path inside them; presets
// that say nothing there are left out. No kind means no presets.
func (l *Library) ValuesOf(kind, path string) ([]PresetValue, error) {
	if kind == "" {
		return nil, nil
	}
	k, err := l.kindNamed(kind)
	if err != nil {
		return nil, err
	}
	var list []PresetValue
	for _, name := range l.Names(kind) {
		p, err := l.provenance(k, name)
		if err != nil {
			return nil, err
		}
		list = append(list, valuesAt(p, name, path)...)
	}
	return list, nil
}

func valuesAt(p *Provenance, name, path string) []PresetValue {
	n := locate(p.tree, path)
	if n == nil {
		return nil
	}
	for _, f := range p.Fields() {
		if f.Path == path {
			return []PresetValue{{name, path, f.Value, f.Basis, f.Source}}
		}
	}
	if n.shape == text || n.shape == boolean {
		return []PresetValue{{Preset: name, Path: path, Value: n.scalar}}
	}
	return nil
}

// Origin is one entry of a preset's sources.
type Origin struct {
	Path   string
	Basis  string
	Source string
	Date   string
	Note   string
	Range  [2]float64
}

// Describe reads a preset's opening comment and its sources, in the order
// of the file.
func (l *Library) Describe(kind, name string) (Description, error) {
	k, err := l.kindNamed(kind)
	if err != nil {
		return Description{}, err
	}
	tree, content, err := l.preset(k, name)
	if err != nil {
		return Description{}, err
	}
	d := Description{Kind: kind, Name: name, File: tree.at.File, Comment: OpeningComment(content)}
	if p, err := l.provenance(k, name); err == nil {
		for _, f := range p.Fields() {
			if f.At.File == tree.at.File && !strings.HasPrefix(f.Path, sourcesKey+".") {
				d.Values = append(d.Values, PresetValue{name, f.Path, f.Value, f.Basis, f.Source})
			}
		}
	}
	sources := tree.get(sourcesKey)
	if sources == nil {
		return d, nil
	}
	for _, f := range sources.fields {
		factors, _ := f.value.factors()
		d.Sources = append(d.Sources, Origin{
			Path:   f.key,
			Basis:  f.value.get("basis").text(),
			Source: f.value.get("source").text(),
			Date:   f.value.get("date").text(),
			Note:   f.value.get("note").text(),
			Range:  factors,
		})
	}
	return d, nil
}

// OpeningComment is what a file says of itself before anything else, in one line.
func OpeningComment(content []byte) string {
	var lines []string
	for line := range strings.Lines(string(content)) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		lines = append(lines, strings.TrimSpace(comment))
	}
	return strings.Join(lines, " ")
}

// FirstSentence is that of a comment, without its full stop.
func FirstSentence(comment string) string {
	if first, _, ok := strings.Cut(comment, ". "); ok {
		return first
	}
	return strings.TrimSuffix(comment, ".")
}
