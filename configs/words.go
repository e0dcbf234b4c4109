package configs

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"agentsim/configs/tree"
)

// FieldType is a place in scenarios.
type FieldType = tree.FieldType

// ScenarioFields lists all places in a scenario.
func ScenarioFields() []FieldType { return tree.FieldTypes[Scenario](Presets()) }

// words.tsv is what the comments beside the fields of Go types say of them, and
// words.yaml what is said of those that have none; a test keeps the first as
// the comments are.
//
//go:embed words.tsv
var commentWords string

//go:embed words.yaml
var moreWords []byte

// MoreWords are the meanings of fields that have no comment, by their name in
// Go.
func MoreWords() map[string]string {
	more := map[string]string{}
	if yaml.Unmarshal(moreWords, &more) != nil {
		return nil // the test of all fields would fail
	}
	return more
}

// words are the meanings of all fields, by their name in Go.
func words() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(commentWords) {
		if word, meaning, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			all[word] = meaning
		}
	}
	return all
}

// Meaning is what a field is about, for people.
type Meaning struct {
	Path    string   `json:"path"`
	Form    string   `json:"form"` // number, quantity, text, …
	Unit    string   `json:"unit,omitempty"`
	Example string   `json:"example,omitempty"`
	Meaning string   `json:"meaning"`
	Default string   `json:"default,omitempty"` // where leaving the field out means something
	Among   []string `json:"among,omitempty"`   // the values that it can have, where these are few
	Preset  string   `json:"preset,omitempty"`  // kind of the presets that may stand here
}

// Explain says what a field is about.
func Explain(f FieldType) Meaning { return explain(f, words()) }

// Meanings explains all places in a scenario, in their order.
func Meanings() []Meaning {
	var list []Meaning
	all := words()
	for _, f := range ScenarioFields() {
		list = append(list, explain(f, all))
	}
	return list
}

func explain(f FieldType, all map[string]string) Meaning {
	m := Meaning{
		Path:    f.Path,
		Form:    f.Form,
		Unit:    f.Unit,
		Example: f.Example,
		Meaning: all[f.Word],
		Preset:  f.Preset,
	}
	// Comments may begin with the name in Go.
	if rest, ok := strings.CutPrefix(m.Meaning, lastOf(f.Word)+" "); ok {
		m.Meaning = lastOf(f.Path) + " " + rest
	}
	if f.Form == "text" && f.Preset == "" {
		m.Among = among(m.Meaning)
	}
	m.Default = defaultIn(m.Meaning)
	return m
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// The marks of a default, of another value, and of a list that goes on.
const (
	marked   = " (default)"
	another  = " | "
	openList = another + "…"
)

// notInWord reports a character that no value has.
func notInWord(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// lastWord and firstWord are the values at the end and at the start of a text.
func lastWord(text string) string { return text[strings.LastIndexFunc(text, notInWord)+1:] }

func firstWord(text string) string {
	if end := strings.IndexFunc(text, notInWord); end >= 0 {
		return text[:end]
	}
	return text
}

// among reads "mixed (default) | prefill-priority".
func among(meaning string) []string {
	for from := 0; ; {
		at := strings.Index(meaning[from:], another)
		if at < 0 {
			return nil
		}
		at += from
		from = at + len(another)
		values := []string{lastWord(strings.TrimSuffix(meaning[:at], marked))}
		rest := meaning[at:]
		for values[0] != "" && strings.HasPrefix(rest, another) {
			word := firstWord(rest[len(another):])
			if word == "" {
				break
			}
			values = append(values, word)
			rest = strings.TrimPrefix(rest[len(another)+len(word):], marked)
		}
		switch {
		case len(values) == 1:
			continue
		case strings.HasPrefix(rest, openList):
			return nil
		}
		slices.Sort(values)
		return values
	}
}

// defaultIn reads "0 = the TDP" or "mixed (default)".
func defaultIn(meaning string) string {
	if before, _, found := strings.Cut(meaning, marked); found && lastWord(before) != "" {
		return lastWord(before)
	}
	first, end := len(meaning), 0
	for _, nothing := range []string{"0", "empty", "nil"} {
		for _, is := range []string{" = ", " means "} {
			if at := opening(meaning, nothing+is); at >= 0 && at < first {
				first, end = at, at+len(nothing+is)
			}
		}
	}
	if first == len(meaning) {
		return ""
	}
	text := meaning[end:]
	if stop := strings.IndexAny(text, ";.)"); stop >= 0 {
		text = text[:stop]
	}
	return strings.TrimSpace(text)
}

// opening is where a text opens a meaning or a part of it; -1 = nowhere.
func opening(meaning, text string) int {
	for from := 0; ; {
		at := strings.Index(meaning[from:], text)
		if at < 0 {
			return -1
		}
		at += from
		for _, before := range []string{"; ", ", ", ". ", "("} {
			if at == 0 || strings.HasSuffix(meaning[:at], before) {
				return at
			}
		}
		from = at + 1
	}
}

// Reference is all fields as a page in Markdown. What a mapping holds that was
// listed before is not listed again.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Reference of fields\n\n" +
		"All fields of a scenario, as `agentsim explain-field PATH` explains them. A path is what `--set` takes;\n" +
		"`*` stands " +
		"for a key and `[]` for an item, counted from 0. This page is generated from the comments beside the fields:\n" +
		"`UPDATE_GOLDEN=1 go test ./configs`, run twice, writes it. The values of presets, with the source of\n" +
		"each, are shown by " +
		"`agentsim list KIND NAME`.\n")
	all, first := words(), map[string]string{}
	for _, f := range ScenarioFields() {
		m := explain(f, all)
		if !strings.Contains(f.Path, ".") {
			b.WriteString("\n## " + f.Path + "\n\n" + m.Meaning + ": " + m.Value() + ".\n")
			first[f.Word] = f.Path
			if !f.Single {
				b.WriteString("\n| path | value | meaning | left out |\n|---|---|---|---|\n")
			}
		}
		if seen := first[f.Word]; seen != "" {
			continue
		}
		first[f.Word] = f.Path
		b.WriteString("| `" + m.Path + "` | " + cell(m.Value()) + " | " + cell(m.Meaning) + " | " + cell(m.Default) + " |\n")
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Value says what the field's value looks like: "quantity, as 8TB/s".
func (m Meaning) Value() string {
	switch {
	case len(m.Among) > 0:
		return strings.Join(m.Among, ", ")
	case m.Preset != "":
		return "preset of " + m.Preset
	case m.Example != "":
		return "quantity, as " + m.Example
	}
	return m.Form
}

// MeaningOf explains the field at a path as people write it, with an index or a
// star for an item and any key of a map. An unknown path is an *Error that
// names the nearest key.
func MeaningOf(path string) (Meaning, error) {
	for _, f := range ScenarioFields() {
		if Leads(f.Path, path) {
			m := Explain(f)
			m.Path = path
			return m, nil
		}
	}
	if err := CheckPath[Scenario](path); err != nil {
		return Meaning{}, err
	}
	return Meaning{}, &Error{Path: path, Problem: "is an entry or an item that is a single value: explain what holds it"}
}

// Leads says whether a path with * and [] stands for a path as it is written.
func Leads(pattern, path string) bool {
	split := func(p string) []string {
		return strings.FieldsFunc(strings.ReplaceAll(p, "[]", ".*"), func(r rune) bool {
			return r == '.' || r == '[' || r == ']'
		})
	}
	want, got := split(pattern), split(path)
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}
