package tree

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// resolver replaces names of presets by their trees. It follows the Go type
// of what is being loaded, which says where a name can stand.
type resolver struct {
	library *Library
	source  Source
	open    []string // files being resolved, outermost first
	filled  []string // path=value of what was left out
	memo    *memo    // of what was resolved before; may be nil
}

// resolve returns the tree of n with all presets in place.
func (r *resolver) resolve(t reflect.Type, path string, n *node) (*node, error) {
	if t == nil {
		return n, nil
	}
	kind, ok := r.library.kindOf(t)
	switch {
	case ok && (n.shape == text || n.shape == number):
		return r.preset(kind, path, n)
	case ok && n.shape == mapping:
		for _, f := range n.fields {
			if kind.refersBy(f.key) {
				return r.override(kind, path, n, f)
			}
		}
	case ok && n.shape != nothing:
		return nil, wrong(n, path, "want the name of one of the "+kind.Name+", or a mapping")
	}
	switch n.shape {
	case mapping:
		return r.resolveFields(t, path, n)
	case sequence:
		return r.resolveItems(t, path, n)
	}
	return n, nil
}

func (r *resolver) resolveFields(t reflect.Type, path string, n *node) (*node, error) {
	resolved := *n
	resolved.fields = slices.Clone(n.fields)
	var faults []error
	for i, f := range resolved.fields {
		value, err := r.resolve(below(t, f.key), join(path, f.key), f.value)
		if err != nil {
			faults = append(faults, err)
		}
		resolved.fields[i].value = value
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return &resolved, nil
}

func (r *resolver) resolveItems(t reflect.Type, path string, n *node) (*node, error) {
	resolved := *n
	resolved.items = slices.Clone(n.items)
	for i, item := range resolved.items {
		value, err := r.resolve(below(t, ""), joinIndex(path, i), item)
		if err != nil {
			return nil, err
		}
		resolved.items[i] = value
	}
	return &resolved, nil
}

// override resolves {preset: name, field: value, …}.
func (r *resolver) override(kind Kind, path string, n *node, name field) (*node, error) {
	under, err := r.preset(kind, path, name.value)
	if err != nil {
		return nil, err
	}
	merged, err := r.merge(kind.Type, path, under, n.without(name.key))
	if _, isMember := memberNamed(kind.Type, name.key); isMember && err == nil {
		merged = merged.with(name)
	}
	return merged, err
}

// preset resolves the preset that a scalar names.
func (r *resolver) preset(kind Kind, path string, name *node) (*node, error) {
	if name.shape != text && name.shape != number {
		return nil, wrong(name, path, "want the name of one of the "+kind.Name)
	}
	file := name.scalar
	if isPath(file) {
		file = beside(name.at.File, file)
	}
	return r.memo.get(kind.Name+":"+file, func() (*node, error) { return r.readPreset(kind, path, name, file) })
}

func (r *resolver) readPreset(kind Kind, path string, name *node, file string) (*node, error) {
	var n *node
	var err error
	if isPath(name.scalar) {
		n, err = r.source.file(file)
	} else {
		n, _, err = r.library.preset(kind, file)
	}
	if err != nil {
		return nil, blame(err, name, path)
	}
	from := n.at.File
	if slices.Contains(r.open, from) {
		return nil, &Error{At: name.at, Path: path, Value: name.shown(),
			Problem: "refers to itself: " + strings.Join(append(r.open, from), " → ")}
	}
	r.open = append(r.open, from)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	resolved, err := r.resolve(kind.Type, path, n)
	if err != nil {
		return nil, err
	}
	marked := *resolved
	marked.preset = resolved
	return &marked, nil
}

// blame gives an error without position that of the name that led to it.
func blame(err error, name *node, path string) error {
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		return &Error{
			At:      name.at,
			Path:    path,
			Value:   name.shown(),
			Problem: err.Error(),
			cause:   err,
		}
	}
	if fault.At != (Position{}) {
		return err
	}
	return &Error{
		At:      name.at,
		Path:    path,
		Value:   name.shown(),
		Problem: fault.Problem,
		cause:   fault.cause,
	}
}
