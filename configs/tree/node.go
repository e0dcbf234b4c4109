package tree

import (
	"fmt"
	"slices"
)

// Position is where a value was written: in a file, or in a path=value
// override.
type Position struct {
	File   string
	Line   int
	Column int
	Set    string // the override, e.g. "system.domain=8"; empty for a file
}

// String is "file:line:column", or "--set" with the override; empty where
// there is neither.
func (p Position) String() string {
	switch {
	case p.Set != "":
		return "--set " + p.Set
	case p.Line == 0 || p.File == "":
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// shape is what a node looks like in YAML.
type shape int

const (
	nothing shape = iota // null, or a key without a value
	text
	number
	boolean
	mapping
	sequence
)

// node is a YAML value with its place. Nodes of a file are never changed:
// merging copies the mappings on the way to what it changes.
type node struct {
	shape   shape
	scalar  string // as written, without quotes
	integer bool   // a number without fraction or exponent
	fields  []field
	items   []*node
	at      Position
	preset  *node // what this mapping was laid over, where that is a preset
}

// field is one key of a mapping.
type field struct {
	key   string
	at    Position
	value *node
}

// get returns the value of a key, or nil.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	if i := n.index(key); i >= 0 {
		return n.fields[i].value
	}
	return nil
}

func (n *node) index(key string) int {
	return slices.IndexFunc(n.fields, func(f field) bool { return f.key == key })
}

// with returns a copy of the mapping in which the key has another value.
func (n *node) with(f field) *node {
	changed := *n
	changed.fields = slices.Clone(n.fields)
	if i := n.index(f.key); i >= 0 {
		changed.fields[i] = f
	} else {
		changed.fields = append(changed.fields, f)
	}
	return &changed
}

// without returns a copy of the mapping that lacks the key.
func (n *node) without(key string) *node {
	changed := *n
	changed.fields = slices.DeleteFunc(slices.Clone(n.fields), func(f field) bool { return f.key == key })
	return &changed
}

// laidOver returns what the mapping says beyond the tree below it. Trees share
// all that merging left alone, so equal pointers are equal parts.
func (n *node) laidOver(below *node) *node {
	difference := &node{shape: mapping, at: n.at}
	for _, f := range n.fields {
		under := below.get(f.key)
		switch {
		case f.value == under:
		case under != nil && under.shape == mapping && f.value.shape == mapping:
			difference = difference.with(field{f.key, f.at, f.value.laidOver(under)})
		default:
			difference = difference.with(f)
		}
	}
	return difference
}

// keys lists the keys of a mapping in the order written.
func (n *node) keys() []string {
	var keys []string
	for _, f := range n.fields {
		keys = append(keys, f.key)
	}
	return keys
}

// shown is the value for a message: scalars as written, the rest by its shape.
func (n *node) shown() string {
	const longest = 60
	switch n.shape {
	case nothing:
		return "(empty)"
	case mapping:
		return "(a mapping)"
	case sequence:
		return "(a list)"
	}
	return shorten(quotedIfOdd(n.scalar), longest)
}
