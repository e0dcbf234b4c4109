package recipe

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits on what is read. Real recipes are a few hundred lines.
const (
	largestFile = 256 << 10 // bytes
	deepest     = 64        // nested mappings and lists
	mostNodes   = 200_000   // after anchors are put in
	mostKeys    = 5_000     // of one mapping
)

// readYAML reads all documents of a file, with anchors and merge keys put in
// place. Nothing of a broken file is returned.
func readYAML(file, text string) ([]*value, error) {
	r := &yamlReader{file: file, anchors: map[string]*value{}, last: strings.Count(strings.TrimSpace(text), "\n") + 1}
	if err := r.sizes(text); err != nil {
		return nil, err
	}
	parsed, err := yamlSyntax(text)
	if err != nil {
		return nil, r.syntaxError(err)
	}
	var documents []*value
	for _, doc := range parsed.Docs {
		if doc.Body == nil {
			continue
		}
		v, err := r.node(doc.Body, 0)
		if err != nil {
			return nil, err
		}
		documents = append(documents, v)
	}
	return documents, nil
}

type yamlReader struct {
	file    string
	last    int // line
	anchors map[string]*value
	nodes   int
}

func (r *yamlReader) sizes(text string) error {
	if len(text) > largestFile {
		return fault{at: place{file: r.file}, says: fmt.Sprintf("%d bytes, more than %d", len(text), largestFile)}
	}
	if deeper(text) {
		return fault{at: place{file: r.file}, says: fmt.Sprintf("more than %d open brackets", deepest)}
	}
	for _, list := range []string{"- ", "-\t", "? ", ": "} {
		if strings.Contains(text, strings.Repeat(list, deepest)) {
			return fault{at: place{file: r.file}, says: fmt.Sprintf("more than %d lists in one line", deepest)}
		}
	}
	return nil
}

// deeper says whether brackets alone nest too deep for recursive parsers.
func deeper(text string) bool {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '[', '{', '(':
			depth++
		case ']', '}', ')':
			depth = max(0, depth-1)
		}
		if depth > deepest {
			return true
		}
	}
	return false
}

// yamlSyntax parses the text. The parser is known to panic on some broken
// input.
func yamlSyntax(text string) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("is not valid YAML")
		}
	}()
	return parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
}

func (r *yamlReader) syntaxError(err error) error {
	var broken yaml.Error
	if errors.As(err, &broken) {
		says := broken.GetMessage()
		if strings.Contains(says, "could not find") || r.at(broken.GetToken()).line >= r.last {
			says += " (not closed: unexpected end of the file?)"
		}
		return fault{at: r.at(broken.GetToken()), says: says}
	}
	return fault{at: place{file: r.file}, says: err.Error()}
}

func (r *yamlReader) at(t *token.Token) place {
	p := place{file: r.file}
	if t != nil && t.Position != nil {
		p.line = t.Position.Line
	}
	return p
}

func (r *yamlReader) node(n ast.Node, depth int) (*value, error) {
	at := r.at(n.GetToken())
	if r.nodes++; depth > deepest || r.nodes > mostNodes {
		return nil, fault{at: at, says: fmt.Sprintf("nested more than %d deep, or more than %d values", deepest, mostNodes)}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, at, depth)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, at, depth)
	case *ast.SequenceNode:
		out := &value{shape: sequence, at: at}
		for _, item := range n.Values {
			v, err := r.node(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.items = append(out.items, v)
		}
		return out, nil
	case *ast.AnchorNode:
		v, err := r.node(n.Value, depth+1)
		if err == nil {
			r.anchors[n.Name.GetToken().Value] = v
		}
		return v, err
	case *ast.AliasNode:
		return r.alias(n, at)
	case *ast.TagNode:
		return r.node(n.Value, depth+1)
	case *ast.LiteralNode:
		return &value{shape: scalar, text: n.Value.Value, at: at}, nil
	case *ast.StringNode:
		return &value{shape: scalar, text: n.Value, at: at}, nil
	case *ast.NullNode:
		return &value{shape: nothing, at: at}, nil
	}
	if t := n.GetToken(); t != nil {
		return &value{shape: scalar, text: strings.TrimSpace(t.Value), at: at}, nil
	}
	return nil, fault{at: at, says: "want a value, a mapping or a list"}
}

func (r *yamlReader) alias(n *ast.AliasNode, at place) (*value, error) {
	name := n.Value.GetToken().Value
	v, ok := r.anchors[name]
	if !ok {
		return nil, fault{at: at, says: fmt.Sprintf("*%s: no anchor of this name before it", name)}
	}
	if r.nodes += v.size(); r.nodes > mostNodes {
		return nil, fault{at: at, says: fmt.Sprintf("aliases blow up to more than %d values", mostNodes)}
	}
	return v, nil
}

// size counts the nodes of a tree, up to the limit: aliases share subtrees.
func (v *value) size() int {
	n := 1
	for _, f := range v.fields {
		if n += f.value.size(); n > mostNodes {
			return n
		}
	}
	for _, item := range v.items {
		if n += item.size(); n > mostNodes {
			return n
		}
	}
	return n
}

func (r *yamlReader) mapping(values []*ast.MappingValueNode, at place, depth int) (*value, error) {
	out := &value{shape: mapping, at: at}
	var below []*value
	if len(values) > mostKeys {
		return nil, fault{at: at, says: fmt.Sprintf("%d keys in one mapping, more than %d", len(values), mostKeys)}
	}
	for _, v := range values {
		child, err := r.node(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			below = append(below, child.list()...)
			continue
		}
		key := v.Key.GetToken().Value
		where := r.at(v.Key.GetToken())
		if old := out.child(key); old != nil {
			return nil, fault{at: place{file: r.file, line: where.line, key: key},
				says: fmt.Sprintf("given twice, first in line %d", old.at.line)}
		}
		if child.at.line == 0 || child.shape != scalar {
			copied := *child
			copied.at = where
			child = &copied
		}
		out.fields = append(out.fields, field{key, child})
	}
	for _, b := range below {
		for _, f := range b.fields {
			if out.child(f.key) == nil {
				out.fields = append(out.fields, f)
			}
		}
	}
	return out, nil
}
