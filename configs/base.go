package configs

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

// Check reports whether overrides can be made at all: their paths exist and
// their values are of the right type. Whether what comes out is possible is
// Load's question.
func (b *Base[T]) Check(sets ...string) error {
	r := &resolver{library: b.library, source: b.source, memo: &b.memo}
	value := reflect.ValueOf(new(T)).Elem()
	tree, err := r.tree(value.Type(), sets)
	if err != nil {
		return err
	}
	return decode(tree, value, "")
}

// memo keeps resolved trees by the name of the preset or file. The zero value
// is ready for use; a nil one keeps nothing.
type memo struct {
	mu    sync.Mutex
	trees map[string]*node
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
		m.trees = map[string]*node{}
	}
	m.trees[name] = tree
	return tree, nil
}
