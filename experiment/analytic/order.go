package analytic

import (
	"cmp"
	"slices"
)

// digit is how many bits of a key one pass of rising looks at: its counts fit
// in the first cache of a processor.
const digit = 11

// rising returns items in the rising order of their keys, equal ones as they
// came. Keys are numbers of tokens, so whole: they are sorted digit by digit,
// in time that is linear in the items, where comparisons would take most of an
// estimate. Other keys are compared.
func rising[T any](items []T, key func(*T) float64) []T {
	most := 0.0
	for i := range items {
		k := key(&items[i])
		if k < 0 || k > 1<<32 || k != float64(uint64(k)) {
			slices.SortStableFunc(items, func(a, b T) int { return cmp.Compare(key(&a), key(&b)) })
			return items
		}
		most = max(most, k)
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
