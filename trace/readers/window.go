package readers

import (
	"cmp"
	"slices"
)

// window puts rows into the order of time as far as memory allows, for traces
// that may be larger than it: rows that come in order, or nearly so, pass
// through, and a shuffled file of moderate size is sorted whole.
type window[T any] struct {
	env    *env
	take   func(*T)
	order  func(a, b *T) int // of rows of one instant, in a file that is not in order
	rows   []timed[T]
	weight int
	last   float64 // time of the last row that was added
	passed float64 // time of the last row that was taken
	mixed  bool    // a row came before an earlier one
}

type timed[T any] struct {
	at  float64
	row T
}

// What a window holds at most.
const (
	windowRows   = 1 << 15
	windowWeight = 1 << 21 // block ids
)

// add puts a row at an instant into the window; weight is how many block ids it holds.
func (w *window[T]) add(row T, at float64, weight int) {
	w.mixed = w.mixed || at < w.last
	w.last = at
	if at < w.passed {
		w.env.note("rows that come much later than their time, taken in the order of the file")
	}
	w.rows = append(w.rows, timed[T]{at, row})
	if w.weight += weight; w.weight > windowWeight || len(w.rows) > windowRows {
		w.pass(len(w.rows) / 2)
		w.weight /= 2
	}
}

// drain takes all rows that are left.
func (w *window[T]) drain() {
	w.pass(len(w.rows))
	w.weight = 0
}

// pass takes the first rows.
func (w *window[T]) pass(count int) {
	if w.mixed {
		slices.SortStableFunc(w.rows, func(a, b timed[T]) int {
			return cmp.Or(cmp.Compare(a.at, b.at), w.order(&a.row, &b.row))
		})
	}
	for i := range w.rows[:count] {
		w.passed = w.rows[i].at
		w.take(&w.rows[i].row)
	}
	left := copy(w.rows, w.rows[count:])
	clear(w.rows[left:])
	w.rows = w.rows[:left]
}
