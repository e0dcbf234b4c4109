package analytic

import (
	"cmp"
	"math"
	"slices"
)

// order has the prompts of a workload and their last chunks from the smallest to
// the largest, of every call as it is when it finds the cache of its session and
// as when it does not. Which are which changes with the number of agents; the
// order does not, and to sort is most of the work. Chunks that fill a step are
// the largest of all and need no order.
type order struct {
	prompts []either
	ends    []either // chunks that do not fill a step
}

// either is what a call computes in one of the two cases.
type either struct {
	behind float64 // as in piece; 0 of prompts
	tokens uint32
	at     int32 // place of the call and the case among all cases
}

// Every call has two cases, of which it is in one: with the cache of its session
// and without.
const (
	found   = 0
	missed  = 1
	ofACall = 2
)

// order sorts the sample for steps of so many tokens.
func (w *workload) order(room int) *order {
	o, _ := w.orders.get(room, func() (*order, error) { return newOrder(w.calls, float64(room)), nil })
	return o
}

func newOrder(calls []call, room float64) *order {
	o := &order{prompts: make([]either, 0, 2*len(calls)), ends: make([]either, 0, 2*len(calls))}
	add := func(one *call, tokens float64, at int32) {
		o.prompts = append(o.prompts, either{0, uint32(tokens), at})
		if end := math.Mod(tokens, room); end > 0 {
			o.ends = append(o.ends, either{end * (one.input - end), uint32(end), at})
		}
	}
	for i := range calls {
		add(&calls[i], calls[i].fresh, int32(ofACall*i+found))
		add(&calls[i], calls[i].missed, int32(ofACall*i+missed))
	}
	o.prompts = rising(o.prompts, func(e *either) float64 { return float64(e.tokens) })
	o.ends = rising(o.ends, func(e *either) float64 { return float64(e.tokens) })
	return o
}

// digit is how many bits of a key one pass of rising looks at: its counts fit
// in the first cache of a processor.
const digit = 11

// rising returns items in the rising order of their keys, equal ones as they
// came. Keys are numbers of tokens, so whole: they are sorted digit by digit,
// in time that is linear in the items, where comparisons would take most of an
// estimate. Other keys are compared.
func rising[T any](items []T, key func(*T) float64) []T {
	most, ordered := 0.0, true
	for i := range items {
		k := key(&items[i])
		ordered = ordered && k >= most
		if k < 0 || k > 1<<32 || k != float64(uint64(k)) {
			slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(key(&a), key(&b)) })
			return items
		}
		most = max(most, k)
	}
	if ordered {
		return items
	}
	from, to := items, make([]T, len(items))
	for shift := 0; uint64(most)>>shift > 0; shift += digit {
		var at [1 << digit]int // of a digit: where its next item goes
		for i := range from {
			at[uint64(key(&from[i]))>>shift&(1<<digit-1)]++
		}
		sum := 0
		for d, n := range at {
			at[d] = sum
			sum += n
		}
		for i := range from {
			d := uint64(key(&from[i])) >> shift & (1<<digit - 1)
			to[at[d]] = from[i]
			at[d]++
		}
		from, to = to, from
	}
	return from
}
