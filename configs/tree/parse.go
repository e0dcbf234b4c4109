package tree

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	largestFile = 1 << 20 // bytes; a configuration is a few thousand
	deepest     = 64      // nested mappings and lists

	byteOrderMark = "\uFEFF" // which some editors write first
)

// parseFile reads one YAML document as a tree.
func parseFile(name string, content []byte) (*node, error) {
	return reader{Position{File: name}}.read(content)
}

// parseSet reads the value of a path=value override as YAML.
func parseSet(set, value string) (*node, error) {
	if strings.TrimSpace(value) == "" {
		return &node{shape: nothing, at: Position{Set: set}}, nil
	}
	return reader{Position{Set: set}}.read([]byte(value))
}

// reader turns the syntax tree of one text into nodes.
type reader struct{ place Position }

func (r reader) read(content []byte) (*node, error) {
	content = bytes.TrimPrefix(content, []byte(byteOrderMark))
	if len(content) > largestFile {
		return nil, &Error{At: r.place, Problem: fmt.Sprintf("%d bytes are more than a configuration's %d",
			len(content), largestFile)}
	}
	if err := tooDeep(content); err != nil {
		return nil, &Error{At: r.place, Problem: err.Error()}
	}
	file, err := syntax(content)
	if err != nil {
		return nil, r.syntaxError(err)
	}
	var documents []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			documents = append(documents, doc.Body)
		}
	}
	switch len(documents) {
	case 0:
		return nil, &Error{At: r.place, Problem: "is empty"}
	case 1:
		return r.node(documents[0], 0)
	}
	return nil, r.fault(documents[1], "a second document: want one per file")
}

// tooDeep refuses text whose brackets alone would nest without end, before a
// recursive parser meets it.
func tooDeep(content []byte) error {
	depth := 0
	for _, c := range content {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > deepest {
			return fmt.Errorf("more than %d open brackets", deepest)
		}
	}
	return nil
}

// syntax parses the text. The parser is known to panic on some broken input.
func syntax(content []byte) (file *ast.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = errors.New("is not valid YAML")
		}
	}()
	return parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
}

func (r reader) syntaxError(err error) error {
	if fault, ok := errors.AsType[yaml.Error](err); ok {
		return &Error{At: r.at(fault.GetToken()), Problem: fault.GetMessage()}
	}
	return &Error{At: r.place, Problem: err.Error()}
}

func (r reader) at(t *token.Token) Position {
	p := r.place
	if t != nil && t.Position != nil && p.Set == "" {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

func (r reader) fault(n ast.Node, problem string) error {
	return &Error{At: r.at(n.GetToken()), Problem: problem}
}

func (r reader) node(n ast.Node, depth int) (*node, error) {
	if depth > deepest {
		return nil, r.fault(n, fmt.Sprintf("nested more than %d deep", deepest))
	}
	at := r.at(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		return r.sequence(n, depth)
	case *ast.StringNode:
		if n.Token.Type == token.StringType && isExponential(n.Value) {
			return &node{shape: number, scalar: n.Value, at: at}, nil
		}
		return &node{shape: text, scalar: n.Value, at: at}, nil
	case *ast.LiteralNode:
		return &node{shape: text, scalar: n.Value.Value, at: at}, nil
	case *ast.IntegerNode:
		return &node{shape: number, scalar: n.Token.Value, integer: true, at: at}, nil
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return &node{shape: number, scalar: n.GetToken().Value, at: at}, nil
	case *ast.BoolNode:
		return &node{shape: boolean, scalar: n.Token.Value, at: at}, nil
	case *ast.NullNode:
		return &node{shape: nothing, at: at}, nil
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return nil, r.fault(n, "anchors and aliases are not used here: name a preset and override its fields")
	case *ast.TagNode:
		return nil, r.fault(n, "tags such as "+n.GetToken().Value+" are not used here")
	}
	return nil, r.fault(n, "want a value, a mapping or a list")
}

// isExponential recognises numbers such as 4e+10, which are floats in YAML
// 1.2 but text to the parser.
func isExponential(plain string) bool {
	_, err := strconv.ParseFloat(plain, 64)
	return err == nil && strings.Trim(plain, "0123456789.eE+-") == ""
}

func (r reader) mapping(values []*ast.MappingValueNode, depth int) (*node, error) {
	result := &node{shape: mapping, at: r.place}
	lines := make(map[string]int, len(values))
	for i, v := range values {
		key, at, err := r.key(v.Key)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			result.at = at
		}
		if line, twice := lines[key]; twice {
			return nil, givenTwice(key, at, line)
		}
		lines[key] = at.Line
		value, err := r.node(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		result.fields = append(result.fields, field{key, at, value})
	}
	return result, nil
}

func givenTwice(key string, at Position, line int) error {
	problem := "given twice"
	if at.Set == "" {
		problem += fmt.Sprintf(", first in line %d", line)
	}
	return &Error{At: at, Path: key, Problem: problem}
}

// key reads a key of a mapping. Numbers are allowed: as text.
func (r reader) key(n ast.MapKeyNode) (string, Position, error) {
	at := r.at(n.GetToken())
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, at, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, at, nil
	case *ast.MergeKeyNode:
		return "", at, r.fault(n, "merge keys are not used here: name a preset and override its fields")
	}
	return "", at, r.fault(n, "a key must be a plain name")
}

func (r reader) sequence(n *ast.SequenceNode, depth int) (*node, error) {
	result := &node{shape: sequence, at: r.at(n.GetToken())}
	for _, value := range n.Values {
		item, err := r.node(value, depth+1)
		if err != nil {
			return nil, err
		}
		result.items = append(result.items, item)
	}
	return result, nil
}
