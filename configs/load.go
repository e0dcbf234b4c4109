package configs

import (
	"reflect"
	"strings"
)

// Load reads a configuration of type T: presets, overridden by the file,
// overridden by the sets (path=value) in their order. Every fault of what
// was written is an *Error that names its place.
func Load[T any](library *Library, source Source, sets []string) (*T, *Provenance, error) {
	value := new(T)
	root := reflect.ValueOf(value).Elem()
	tree, err := load(library, source, sets, root.Type())
	if err != nil {
		return nil, nil, err
	}
	if err := decode(tree, root, ""); err != nil {
		return nil, nil, err
	}
	if err := library.validate(tree, root); err != nil {
		return nil, nil, err
	}
	return value, &Provenance{tree: tree, root: root}, nil
}

// LoadPreset reads one preset of a kind by its name, as T.
func LoadPreset[T any](library *Library, kind, name string, sets []string) (*T, *Provenance, error) {
	if _, err := library.kindNamed(kind); err != nil {
		return nil, nil, err
	}
	source := Source{Name: name, Text: []byte(presetKey + ": " + quotedYAML(name))}
	return Load[T](library, source, sets)
}

// quotedYAML writes a name so that YAML reads it back as text.
func quotedYAML(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// Preset is the name of a preset and where in a configuration it belongs.
type Preset struct{ Path, Name string }

// Defaulter is a configuration in which some presets follow from others, as
// the kernels follow from engine and accelerator. They are laid under what
// the file and the sets say of their fields.
type Defaulter interface {
	// DefaultPresets names them, given the text of any value by its path
	// (empty where there is none). It is called on a zero value.
	DefaultPresets(value func(path string) string) []Preset
}

// load returns the merged tree of a configuration.
func load(library *Library, source Source, sets []string, t reflect.Type) (*node, error) {
	written, err := source.read()
	if err != nil {
		return nil, err
	}
	if written.shape != mapping {
		return nil, &Error{At: written.at, Value: written.shown(), Problem: "want a mapping of keys to values"}
	}
	overrides := make([]override, len(sets))
	for i, set := range sets {
		if overrides[i], err = parseOverride(set); err != nil {
			return nil, err
		}
	}
	r := &resolver{library: library, source: source}
	tree, err := r.resolve(t, "", written)
	if err != nil {
		return nil, err
	}
	if tree, err = r.addDefaults(t, tree, overrides); err != nil {
		return nil, err
	}
	return r.applyAll(t, tree, overrides, false)
}

func (r *resolver) applyAll(t reflect.Type, tree *node, overrides []override, mayCreate bool) (*node, error) {
	for _, o := range overrides {
		s := setter{resolver: r, override: o, mayCreate: mayCreate}
		var err error
		if tree, err = s.apply(t, "", tree, o.steps); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// addDefaults lays the presets that follow from others under the tree. What
// they follow from is known only after all overrides, which in turn may
// concern fields of these presets: so the overrides are tried first.
func (r *resolver) addDefaults(t reflect.Type, tree *node, overrides []override) (*node, error) {
	zero, ok := reflect.New(t).Interface().(Defaulter)
	if !ok {
		return tree, nil
	}
	overridden, err := r.applyAll(t, tree, overrides, true)
	if err != nil {
		return nil, err
	}
	value := func(path string) string {
		if n := locate(overridden, path); n != nil {
			return n.scalar
		}
		return ""
	}
	for _, preset := range zero.DefaultPresets(value) {
		if tree, err = r.addDefault(t, tree, preset); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// addDefault lays a preset under a top-level field, unless the field names
// a preset itself.
func (r *resolver) addDefault(t reflect.Type, tree *node, preset Preset) (*node, error) {
	written := tree.get(preset.Path)
	if preset.Name == "" || (written != nil && written.preset != "") {
		return tree, nil
	}
	name := &node{shape: text, scalar: preset.Name, at: Position{File: tree.at.File}}
	under, err := r.resolve(below(t, preset.Path), preset.Path, name)
	if err != nil {
		return nil, err
	}
	if written != nil {
		if under, err = r.merge(below(t, preset.Path), preset.Path, under, written); err != nil {
			return nil, err
		}
	}
	return tree.with(field{preset.Path, name.at, under}), nil
}

// locate finds the node at a path, or nil. Keys may contain dots.
func locate(n *node, path string) *node {
	found, rest := descend(n, strings.Split(bracketsToDots(path), "."))
	if len(rest) > 0 {
		return nil
	}
	return found
}
