package tree

import (
	"reflect"
	"slices"
	"strings"
)

// extendsKey names, at the top of a configuration that has a field for it,
// the configuration that this one starts from.
const extendsKey = "extends"

// extend resolves a configuration and lays it over the one it extends, if
// any. The files on the way here are named, for extending goes nowhere in
// circles.
func (r *resolver) extend(t reflect.Type, n *node, way []string) (*node, error) {
	if n.shape != mapping {
		return nil, &Error{At: n.at, Value: n.shown(), Problem: "want a mapping of keys to values"}
	}
	name := n.get(extendsKey)
	if under := n.get(presetKey); name == nil && under != nil {
		if _, ok := r.library.kindOf(t); !ok { // the other word for it
			name = under
			n = n.without(presetKey).with(field{extendsKey, under.at, under})
		}
	}
	if _, ok := memberNamed(t, extendsKey); !ok || name == nil {
		return r.resolve(t, "", n)
	}
	if name.shape != text {
		return nil, wrong(name, extendsKey, "want the name or the path of a file of the same sort")
	}
	under, err := r.source.beside(n.at.File, name.scalar).read()
	if err != nil {
		return nil, blame(err, name, extendsKey)
	}
	if slices.Contains(way, under.at.File) {
		return nil, &Error{At: name.at, Path: extendsKey, Value: name.shown(),
			Problem: "extends itself: " + strings.Join(append(way, under.at.File), " → ")}
	}
	below, err := r.extend(t, under, append(way, under.at.File))
	if err != nil {
		return nil, err
	}
	merged, err := r.merge(t, "", below, n)
	if err != nil {
		return nil, err
	}
	whole := *merged
	whole.at = n.at
	return &whole, nil
}
