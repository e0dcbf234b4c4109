package tree

import (
	"reflect"
	"sync"
)

// Base is a configuration to be loaded many times with different overrides.
// Its file and all presets are read and resolved at their first use only, so
// what is loaded may share parts: treat it as immutable. A Base is safe for
// concurrent use.
type Base[T any] struct {
	library *Library
	source  Source
	memo    memo
}

// NewBase prepares a configuration for loading. Nothing is read before the
// first Load.
func NewBase[T any](library *Library, source Source) *Base[T] {
	return &Base[T]{library: library, source: source}
}

// Load reads the configuration as the function Load does.
func (b *Base[T]) Load(sets []string) (*T, *Provenance, error) {
	value := new(T)
	r := &resolver{library: b.library, source: b.source, memo: &b.memo}
	p, err := r.load(reflect.ValueOf(value).Elem(), sets)
	if err != nil {
		return nil, nil, err
	}
	return value, p, nil
}

// Try reads the configuration without asking whether it is possible as a
// whole: it reports overrides whose path does not exist or whose value is of
// the wrong type.
func (b *Base[T]) Try(sets []string) (*Provenance, error) {
	r := &resolver{library: b.library, source: b.source, memo: &b.memo}
	value := reflect.ValueOf(new(T)).Elem()
	tree, err := r.tree(value.Type(), sets)
	if err != nil {
		return nil, err
	}
	if err := r.memo.decode(tree, value); err != nil {
		return nil, err
	}
	p := &Provenance{tree: tree, root: value}
	return p, r.attach(p)
}

// PresetsAt lists the presets that the field at a path may name; none where
// it is no preset.
func (b *Base[T]) PresetsAt(path string) []string {
	t := reflect.TypeFor[T]()
	for _, step := range steps(path) {
		if t = below(t, step); t == nil {
			return nil
		}
	}
	kind, ok := b.library.kindOf(t)
	if !ok {
		return nil
	}
	return b.library.Names(kind.Name)
}

// memo keeps resolved trees by the name of the preset or file, and what they
// decode to. The zero value is ready for use; a nil one keeps nothing.
type memo struct {
	types   layouts
	mu      sync.Mutex
	trees   map[string]*node
	decoded map[*node]reflect.Value // invalid until a tree is decoded first
	kept    map[string]any          // what was attached, by its key
}

// get returns the tree of a name, making it if it is not known.
func (m *memo) get(name string, make func() (*node, error)) (*node, error) {
	if m == nil {
		return make()
	}
	m.mu.Lock()
	known := m.trees[name]
	m.mu.Unlock()
	if known != nil {
		return known, nil
	}
	tree, err := make()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known = m.trees[name]; known != nil { // of two makers the first wins, so that equal parts are shared
		return known, nil
	}
	if m.trees == nil {
		m.trees, m.decoded = map[string]*node{}, map[*node]reflect.Value{}
	}
	m.trees[name], m.decoded[tree] = tree, reflect.Value{}
	return tree, nil
}

// decode writes the tree of a whole configuration into root. Presets that
// nothing was laid over are decoded once and then shared.
func (m *memo) decode(tree *node, root reflect.Value) error {
	if m == nil {
		return decode(tree, root, "")
	}
	if !isStruct(root.Type()) || tree.shape != mapping {
		return m.types.decode(tree, root, "")
	}
	rest := *tree
	rest.fields = nil
	for _, f := range tree.fields {
		at, ok := m.types.of(root.Type())[f.key]
		if !ok || !m.share(f, root.FieldByIndex(at.index)) {
			rest.fields = append(rest.fields, f)
		}
	}
	return m.types.decode(&rest, root, "")
}

// share sets v to what the field decodes to, if that is a whole preset. False
// leaves the field, with its faults if it has any, to decode.
func (m *memo) share(f field, v reflect.Value) bool {
	m.mu.Lock()
	known, ok := m.decoded[f.value]
	m.mu.Unlock()
	if !ok {
		return false
	}
	if !known.IsValid() {
		known = reflect.New(v.Type()).Elem()
		if m.types.decode(f.value, known, f.key) != nil {
			return false
		}
		m.mu.Lock()
		m.decoded[f.value] = known
		m.mu.Unlock()
	}
	v.Set(known)
	return true
}
