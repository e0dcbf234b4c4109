package tree

import (
	"reflect"
	"slices"
	"strings"
)

// Load reads a configuration of type T: presets, overridden by the file,
// overridden by the sets (path=value) in their order. Every fault of what
// was written is an *Error that names its place.
func Load[T any](library *Library, source Source, sets []string) (*T, *Provenance, error) {
	value := new(T)
	r := &resolver{library: library, source: source}
	p, err := r.load(reflect.ValueOf(value).Elem(), sets)
	if err != nil {
		return nil, nil, err
	}
	return value, p, nil
}

// load reads a configuration into root.
func (r *resolver) load(root reflect.Value, sets []string) (*Provenance, error) {
	tree, err := r.tree(root.Type(), sets)
	if err != nil {
		return nil, joined(append([]error{err}, r.besides(root.Type())...))
	}
	faults := []error{r.memo.decode(tree, root), r.library.complete(tree, root.Type())}
	if err := joined(faults); err != nil {
		return nil, err
	}
	if err := r.library.validate(tree, root); err != nil {
		return nil, err
	}
	p := &Provenance{tree: tree, root: root, filled: r.filled}
	if err := r.attach(p); err != nil {
		return nil, err
	}
	if whole, ok := root.Addr().Interface().(Verifier); ok {
		return p, whole.Verify(p)
	}
	return p, nil
}

// besides lists the faults of a source that are plain without its presets, for
// when one of these cannot be had: unknown keys, and what is wrong in parts that
// name no presets.
func (r *resolver) besides(t reflect.Type) []error {
	n, err := r.source.read()
	if err != nil || n.shape != mapping || !isStruct(t) {
		return nil
	}
	var faults []error
	kind, _ := r.library.kindOf(t)
	for _, f := range n.fields {
		m, ok := memberNamed(t, f.key)
		switch {
		case !ok && !kind.refersBy(f.key):
			faults = append(faults, &Error{At: f.at, Path: f.key, Problem: unknown("key", f.key, keysOf(t))})
		case ok && f.value.shape == mapping && !r.namesPreset(m.typ, f.value) && !r.holdsPresets(m.typ):
			if err := decode(f.value, reflect.New(m.typ).Elem(), f.key); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults
}

// holdsPresets says whether something inside a struct may be a preset.
func (r *resolver) holdsPresets(t reflect.Type) bool {
	if !isStruct(t) {
		return false
	}
	for m := range eachMember(t) {
		if _, ok := r.library.kindOf(m.typ); ok {
			return true
		}
	}
	return false
}

// LoadPreset reads one preset of a kind by its name, as T.
func LoadPreset[T any](library *Library, kind, name string, sets []string) (*T, *Provenance, error) {
	if _, err := library.kindNamed(kind); err != nil {
		return nil, nil, err
	}
	return Load[T](library, presetSource(name), sets)
}

// presetSource is a configuration that is a preset and nothing else.
func presetSource(name string) Source {
	return Source{Text: []byte(presetKey + ": " + quotedYAML(name))}
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

// tree returns the merged tree of a configuration.
func (r *resolver) tree(t reflect.Type, sets []string) (*node, error) {
	tree, err := r.memo.get("", func() (*node, error) { return r.written(t) })
	if err != nil {
		return nil, err
	}
	overrides := make([]assignment, len(sets))
	var faults []error
	for i, set := range sets {
		if overrides[i], err = parseAssignment(set); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	if tree, err = r.addDefaults(t, tree, overrides); err != nil {
		return nil, err
	}
	for _, o := range overrides {
		changed, err := r.apply(t, tree, o)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		tree = changed
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return r.fill(t, tree)
}

// written returns the tree of what the source says, presets in place.
func (r *resolver) written(t reflect.Type) (*node, error) {
	n, err := r.source.read()
	if err != nil {
		return nil, err
	}
	return r.extend(t, n, []string{n.at.File})
}

func (r *resolver) apply(t reflect.Type, tree *node, o assignment) (*node, error) {
	s := setter{resolver: r, assignment: o}
	return s.apply(t, "", tree, o.steps)
}

// Setting is a value for a field that a configuration left out, as it would be
// written.
type Setting struct{ Path, Value string }

// Filler is a configuration that can do without some fields.
type Filler interface {
	// DefaultValues are the settings of fields that may be left out, given the
	// text of any value by its path. It is called on a zero value.
	DefaultValues(value func(path string) string) []Setting
}

// fill sets what was left out and has a default.
func (r *resolver) fill(t reflect.Type, tree *node) (*node, error) {
	zero, ok := reflect.New(t).Interface().(Filler)
	if !ok {
		return tree, nil
	}
	r.filled = nil
	value := func(path string) string { return locate(tree, path).text() }
	for _, s := range zero.DefaultValues(value) {
		if locate(tree, s.Path) != nil {
			continue
		}
		o, err := parseAssignment(s.Path + "=" + s.Value)
		if err != nil {
			return nil, err
		}
		if tree, err = r.apply(t, tree, o); err != nil {
			return nil, err
		}
		r.filled = append(r.filled, s.Path+"="+s.Value)
	}
	return tree, nil
}

// addDefaults lays the presets that follow from others under the tree. What
// they follow from is known only after all overrides, which in turn may
// concern fields of these presets. So they are tried first; those that fail
// will be applied, and their faults told, when all presets are there.
func (r *resolver) addDefaults(t reflect.Type, tree *node, overrides []assignment) (*node, error) {
	zero, ok := reflect.New(t).Interface().(Defaulter)
	if !ok {
		return tree, nil
	}
	overridden := tree
	for _, o := range overrides {
		if changed, err := r.apply(t, overridden, o); err == nil {
			overridden = changed
		}
	}
	value := func(path string) string {
		if n := locate(overridden, path); n != nil {
			return n.scalar
		}
		return ""
	}
	for _, preset := range zero.DefaultPresets(value) {
		if chosen := overridden.get(preset.Path); chosen != nil && chosen.preset != nil {
			continue // named outright
		}
		var err error
		if tree, err = r.addDefault(t, tree, preset); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// addDefault lays a preset under a top-level field.
func (r *resolver) addDefault(t reflect.Type, tree *node, preset Preset) (*node, error) {
	written := tree.get(preset.Path)
	kind, ok := r.library.kindOf(below(t, preset.Path))
	if !ok || !slices.Contains(r.library.Names(kind.Name), preset.Name) {
		return tree, nil // for Validate to tell, which knows what the name follows from
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
