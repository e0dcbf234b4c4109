package analytic

import "sync"

// memo keeps what was made for a key. The zero value is ready for use, by
// many goroutines at once.
type memo[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*entry[V]
	asked   int // how often
}

type entry[V any] struct {
	once  sync.Once
	asked int // when last
	value V
	err   error
}

// get returns the value of a key, making it if it is not known; a second
// asker waits for the first.
func (m *memo[K, V]) get(key K, make func() (V, error)) (V, error) {
	return m.among(0, key, make)
}

// among is get, but only so many values are kept: those that were asked for last.
// 0 = all.
func (m *memo[K, V]) among(most int, key K, make func() (V, error)) (V, error) {
	m.mu.Lock()
	if m.entries == nil {
		m.entries = map[K]*entry[V]{}
	}
	e, ok := m.entries[key]
	if !ok {
		e = new(entry[V])
		if most > 0 && len(m.entries) >= most {
			m.forget()
		}
		m.entries[key] = e
	}
	m.asked++
	e.asked = m.asked
	m.mu.Unlock()
	e.once.Do(func() { e.value, e.err = make() })
	return e.value, e.err
}

// forget drops the value that was not asked for the longest.
func (m *memo[K, V]) forget() {
	var oldest K
	first := m.asked + 1
	for k, e := range m.entries {
		if e.asked < first {
			oldest, first = k, e.asked
		}
	}
	delete(m.entries, oldest)
}
