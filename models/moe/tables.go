package moe

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Tables makes tables and keeps them for those who ask for the same again: step
// models of one configuration, or of many that differ in other things. What is
// the same goes by content, so that a histogram read twice is one. It is safe for
// concurrent use; the zero value is ready.
type Tables struct {
	mu   sync.Mutex
	kept map[tableKey]*keptTable
}

// tablesMax bounds what is kept: at 700 bytes a table, some 3 MB.
const tablesMax = 4096

// tableKey is a Spec with its histogram by content.
type tableKey struct {
	spec      Spec // without the histogram
	histogram string
}

type keptTable struct {
	once  sync.Once
	table *Table
	err   error
}

// Tabulate is the function Tabulate, but for tables that are known already. Of
// two who ask at once the second waits for the first.
func (t *Tables) Tabulate(s Spec) (*Table, error) {
	k := t.at(s)
	k.once.Do(func() { k.table, k.err = Tabulate(s) })
	return k.table, k.err
}

func (t *Tables) at(s Spec) *keptTable {
	key := tableKey{spec: s, histogram: s.Popularity.Histogram.content()}
	key.spec.Popularity.Histogram = nil
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.kept[key]; k != nil {
		return k
	}
	if t.kept == nil || len(t.kept) >= tablesMax {
		t.kept = map[tableKey]*keptTable{} // whoever asks for an old one again makes it again
	}
	k := &keptTable{}
	t.kept[key] = k
	return k
}

// content says all counts of a histogram in words; nothing where there is none.
func (h *Histogram) content() string {
	if h == nil {
		return ""
	}
	words := make([]string, len(h.Counts))
	for i, c := range h.Counts {
		words[i] = strconv.FormatFloat(c, 'g', -1, 64)
	}
	return strings.Join(slices.Concat([]string{"counts"}, words), " ")
}
