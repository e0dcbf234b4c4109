package tree

import "strings"

// Description is what a preset says of itself and of its sources.
type Description struct {
	Kind, Name, File string
	Comment          string // the file's opening comment
	Sources          []Origin
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
	d := Description{Kind: kind, Name: name, File: tree.at.File, Comment: openingComment(content)}
	sources := tree.get(sourcesKey)
	if sources == nil {
		return d, nil
	}
	for _, f := range sources.fields {
		factors, _ := f.value.factors()
		d.Sources = append(d.Sources, Origin{
			Path: f.key, Basis: f.value.get("basis").text(), Source: f.value.get("source").text(),
			Date: f.value.get("date").text(), Note: f.value.get("note").text(), Range: factors,
		})
	}
	return d, nil
}

func openingComment(content []byte) string {
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
