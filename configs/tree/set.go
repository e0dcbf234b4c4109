package tree

import (
	"reflect"
	"strconv"
	"strings"
)

// assignment is a parsed path=value.
type assignment struct {
	text  string
	steps []string
	value *node
}

// parseAssignment reads "system.blocks[0].count=3". An index is [0] or .0; the
// value is YAML.
func parseAssignment(set string) (assignment, error) {
	at := Position{Set: set}
	path, value, ok := strings.Cut(set, "=")
	if !ok {
		return assignment{}, &Error{At: at, Value: quotedIfOdd(set), Problem: "want path=value, e.g. system.domain=8"}
	}
	steps := strings.Split(bracketsToDots(path), ".")
	for i, step := range steps {
		steps[i] = strings.TrimSpace(step)
		if steps[i] == "" {
			return assignment{}, &Error{At: at, Value: quotedIfOdd(path),
				Problem: "a path is keys with dots between, e.g. system.domain"}
		}
	}
	n, err := parseSet(set, value)
	if err != nil {
		if fault, ok := err.(*Error); ok {
			fault.Path, fault.Value = join(strings.TrimSpace(path), fault.Path), quotedIfOdd(value)
		}
		return assignment{}, err
	}
	return assignment{set, steps, n}, nil
}

// bracketsToDots writes a[0].b as a.0.b.
func bracketsToDots(path string) string {
	return strings.ReplaceAll(strings.ReplaceAll(path, "[", "."), "]", "")
}

// setter makes an assignment in a resolved tree.
type setter struct {
	*resolver
	assignment
}

func (s *setter) at() Position { return Position{Set: s.text} }

// apply returns the tree n, which stands at the path, with what the steps
// from there lead to overridden.
func (s *setter) apply(t reflect.Type, path string, n *node, steps []string) (*node, error) {
	switch {
	case t == nil || len(steps) == 0:
		return s.merge(t, path, n, s.value)
	case isList(t):
		return s.applyItem(t, path, n, steps)
	case isMap(t), isStruct(t):
		return s.applyField(t, path, n, steps)
	}
	value := "not set"
	if n != nil {
		value = n.shown()
	}
	return nil, &Error{At: s.at(), Path: join(path, strings.Join(steps, ".")),
		Problem: path + " is a single value (" + value + ") with nothing below it"}
}

func (s *setter) applyItem(t reflect.Type, path string, n *node, steps []string) (*node, error) {
	length := 0
	if n != nil {
		length = len(n.items)
	}
	i, err := strconv.Atoi(steps[0])
	if err != nil || i < 0 || i >= length {
		return nil, &Error{At: s.at(), Path: path, Value: "[" + steps[0] + "]",
			Problem: "want an index of the list's " + strconv.Itoa(length) + " items, counted from 0"}
	}
	item, err := s.apply(below(t, ""), joinIndex(path, i), n.items[i], steps[1:])
	if err != nil {
		return nil, err
	}
	changed := *n
	changed.items = append([]*node(nil), n.items...)
	changed.items[i] = item
	return &changed, nil
}

func (s *setter) applyField(t reflect.Type, path string, n *node, steps []string) (*node, error) {
	if n == nil || n.shape != mapping {
		n = &node{shape: mapping, at: s.at()}
	}
	key, rest, err := s.key(t, path, n, steps)
	if err != nil {
		return nil, err
	}
	// x.preset=name swaps the preset below what was laid over it; x=name
	// replaces all.
	if kind, ok := s.library.kindOf(t); ok && len(rest) == 0 && n.preset != nil && kind.refersBy(key) {
		over := n.laidOver(n.preset).without(key)
		return s.override(kind, path, over, field{key, s.at(), s.value})
	}
	if len(rest) == 0 { // through merge, for what a whole mapping may say: a preset, a kind
		over := &node{shape: mapping, at: s.at(), fields: []field{{key, s.at(), s.value}}}
		return s.merge(t, path, n, over)
	}
	value, err := s.apply(below(t, key), join(path, key), n.get(key), rest)
	if err != nil {
		return nil, err
	}
	at := s.at()
	if i := n.index(key); i >= 0 {
		at = n.fields[i].at
	}
	return n.with(field{key, at, value}), nil
}

// key takes the next key off the steps. Keys of maps may contain dots: the
// longest that exists wins.
func (s *setter) key(t reflect.Type, path string, n *node, steps []string) (string, []string, error) {
	known := n.keys()
	if isStruct(t) {
		if _, ok := memberNamed(t, steps[0]); ok || s.isReference(t, steps) {
			return steps[0], steps[1:], nil
		}
		known = keysOf(t)
	} else {
		for i := len(steps); i > 0; i-- {
			if key := strings.Join(steps[:i], "."); n.index(key) >= 0 {
				return key, steps[i:], nil
			}
		}
		if len(steps) == 1 { // a new entry must be given whole
			return steps[0], steps[1:], nil
		}
	}
	return "", nil, &Error{At: s.at(), Path: join(path, steps[0]), Problem: unknown("key", steps[0], known)}
}

func (s *setter) isReference(t reflect.Type, steps []string) bool {
	kind, ok := s.library.kindOf(t)
	return ok && len(steps) == 1 && kind.refersBy(steps[0])
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, m := range members(t) {
		keys = append(keys, m.key)
	}
	return keys
}
