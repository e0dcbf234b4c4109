package ask

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// EditQuestion asks for a scenario's text with one field set. What else stands
// there, comments and all, stays as it is.
type EditQuestion struct {
	YAML  string `json:"yaml" maxLength:"262144"`
	Path  string `json:"path" maxLength:"300" doc:"keys with dots between, such as deployment.decode.workers"`
	Value string `json:"value" maxLength:"4000" doc:"as written in YAML; empty takes the field out"`
}

// Edited is a text with a field set.
type Edited struct {
	YAML string `json:"yaml"`
}

// Edit sets one field in a scenario's text.
func (d *Desk) Edit(q *EditQuestion) (*Edited, error) {
	if len(q.YAML) > longestText {
		return nil, fmt.Errorf("yaml: %d bytes; want at most %d", len(q.YAML), longestText)
	}
	keys := strings.Split(q.Path, ".")
	if len(keys) > deepest || strings.ContainsAny(q.Path, " \n\t:{}[],#'\"") || strings.Contains("."+q.Path+".", "..") {
		return nil, fmt.Errorf("path %q: want keys with dots between", shown(q.Path))
	}
	if strings.ContainsAny(q.Value, "\r\n") {
		return nil, errors.New("value: want one line")
	}
	file, err := parser.ParseBytes([]byte(q.YAML), parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("yaml: %w", err)
	}
	e := &editor{lines: strings.Split(q.YAML, "\n"), keys: keys, value: q.Value}
	var root ast.Node
	if len(file.Docs) > 0 {
		root = file.Docs[0].Body
	}
	if err := e.set(root); err != nil {
		return nil, err
	}
	text := strings.Join(e.lines, "\n")
	if _, err := parser.ParseBytes([]byte(text), 0); err != nil {
		return nil, fmt.Errorf("%s: %q cannot be written here: want a plain value", q.Path, shown(q.Value))
	}
	return &Edited{YAML: text}, nil
}

// deepest is how many keys a path may have.
const deepest = 12

// editor changes lines of a text, at places that its parser gives.
type editor struct {
	lines []string
	keys  []string
	value string
}

// set walks down from the root as far as keys are there.
func (e *editor) set(root ast.Node) error {
	within := mappingOf(root)
	if within == nil {
		if strings.TrimSpace(strings.Join(e.lines, "")) != "" && root != nil && root.Type() != ast.NullType {
			return errors.New("yaml: want a mapping of keys")
		}
		e.append(nil, e.keys)
		return nil
	}
	for depth, key := range e.keys {
		entry := entryOf(within, key)
		last := depth == len(e.keys)-1
		switch {
		case entry == nil && e.value == "":
			return nil // it is not there
		case entry == nil:
			e.append(within, e.keys[depth:])
			return nil
		case last:
			return e.replace(within, entry)
		}
		below := mappingOf(entry.Value)
		if below == nil {
			return e.deepen(entry, e.keys[depth+1:])
		}
		within = below
	}
	return nil
}

// mappingOf is a node as a mapping, without its anchors; nil where it is none.
func mappingOf(n ast.Node) *ast.MappingNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m
	case *ast.MappingValueNode:
		return &ast.MappingNode{BaseNode: m.BaseNode, Start: m.Start, Values: []*ast.MappingValueNode{m}}
	}
	return nil
}

func entryOf(m *ast.MappingNode, key string) *ast.MappingValueNode {
	for _, v := range m.Values {
		if v.Key.GetToken().Value == key {
			return v
		}
	}
	return nil
}

// nested is keys with a value inside each other, on one line.
func nested(keys []string, value string) string {
	if len(keys) == 1 {
		return keys[0] + ": " + value
	}
	return keys[0] + ": {" + nested(keys[1:], value) + "}"
}

// replace changes the value of an entry, or takes the entry out.
func (e *editor) replace(within *ast.MappingNode, entry *ast.MappingValueNode) error {
	from, to, err := e.extent(entry)
	if err != nil {
		return err
	}
	line := e.lines[from.line]
	if from.line != to.line {
		return fmt.Errorf("%s: its value takes several lines: want it changed in the text", strings.Join(e.keys, "."))
	}
	if e.value != "" {
		e.lines[from.line] = line[:from.column] + " " + e.value + line[to.column:]
		return nil
	}
	key := entry.Key.GetToken().Position
	start := key.Column - 1
	if !within.IsFlowStyle {
		e.lines = append(e.lines[:from.line], e.lines[from.line+1:]...)
		return nil
	}
	before, after := strings.TrimRight(line[:start], " "), strings.TrimLeft(line[to.column:], " ")
	switch {
	case strings.HasPrefix(after, ","):
		after = strings.TrimLeft(after[1:], " ")
	case strings.HasSuffix(before, ","):
		before = before[:len(before)-1]
	}
	if strings.HasSuffix(before, ",") {
		before += " "
	}
	e.lines[from.line] = before + after
	return nil
}

// place is a line and a column of the text, from 0.
type place struct{ line, column int }

// extent is where the value of an entry stands: from behind the colon up to its
// end on that line, comments left out.
func (e *editor) extent(entry *ast.MappingValueNode) (from, to place, err error) {
	key := entry.Key.GetToken()
	from = place{key.Position.Line - 1, key.Position.Column - 1 + len(key.Origin)}
	if from.line >= len(e.lines) {
		return from, to, errors.New("yaml: the text and its places do not agree")
	}
	line := e.lines[from.line]
	start := key.Position.Column - 1
	colon := strings.Index(line[min(start, len(line)):], ":")
	if colon < 0 {
		return from, to, errors.New("yaml: want key: value on one line")
	}
	from.column = start + colon + 1
	if value := entry.Value; value != nil && value.GetToken() != nil && value.GetToken().Position.Line-1 != from.line {
		return from, place{value.GetToken().Position.Line - 1, 0}, nil
	}
	to = place{from.line, from.column + valueLength(line[from.column:])}
	return from, to, nil
}

// valueLength is how much of a line's rest is the value: up to what closes what
// was open before it, a comma outside of brackets, or a comment.
func valueLength(rest string) int {
	depth := 0
	quote := byte(0)
	for i := range len(rest) {
		c := rest[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return i
			}
			depth--
		case c == ',' && depth == 0:
			return i
		case c == '#' && i > 0 && rest[i-1] == ' ':
			return len(strings.TrimRight(rest[:i], " "))
		}
	}
	return len(strings.TrimRight(rest, " \r"))
}

// deepen makes a mapping of an entry that names a preset, or holds nothing, and
// sets keys below it: engine: vllm becomes engine: {preset: vllm, version: x}.
func (e *editor) deepen(entry *ast.MappingValueNode, keys []string) error {
	if e.value == "" {
		return nil
	}
	from, to, err := e.extent(entry)
	if err != nil {
		return err
	}
	line := e.lines[from.line]
	if from.line != to.line {
		return fmt.Errorf("%s: its value takes several lines: want it changed in the text", strings.Join(e.keys, "."))
	}
	old := strings.TrimSpace(line[from.column:to.column])
	inner := nested(keys, e.value)
	if old != "" && old != "null" && old != "~" {
		name := "preset: "
		if entry.Key.GetToken().Value == "workload" {
			name = "profile: "
		}
		inner = name + old + ", " + inner
	}
	e.lines[from.line] = line[:from.column] + " {" + inner + "}" + line[to.column:]
	return nil
}

// append adds keys to a mapping; nil is the whole text.
func (e *editor) append(within *ast.MappingNode, keys []string) {
	text := nested(keys, e.value)
	if within != nil && within.IsFlowStyle {
		start := within.Start.Position
		line := e.lines[start.Line-1]
		separator := ", "
		if len(within.Values) == 0 {
			separator = ""
		}
		e.lines[start.Line-1] = line[:start.Column] + text + separator + line[start.Column:]
		return
	}
	indent, at := "", len(e.lines)
	for at > 0 && strings.TrimSpace(e.lines[at-1]) == "" {
		at--
	}
	if within != nil && len(within.Values) > 0 {
		first := within.Values[0].Key.GetToken().Position
		indent = strings.Repeat(" ", first.Column-1)
		if first.Column > 1 {
			at = first.Line - 1 // before the first of its entries
		}
	}
	e.lines = append(e.lines[:at], append([]string{indent + text}, e.lines[at:]...)...)
}
