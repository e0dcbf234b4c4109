package metrics

import (
	"math"
	"math/bits"
	"slices"
)

// Quantile is the smallest of the sorted values that a share q of them do not
// exceed: exact, without interpolation. It is 0 for none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[nearestRank(q, int64(len(sorted)))-1]
}

// rankSlack keeps q·n that is whole but for rounding (0.95·20) at its own rank.
const rankSlack = 1e-9

// nearestRank is the 1-based place of quantile q among n ordered values.
func nearestRank(q float64, n int64) int64 {
	rank := int64(math.Ceil(q*float64(n) - rankSlack*float64(n)))
	return min(max(rank, 1), n)
}

// Select is the Quantile of values in any order, which it changes: those before its
// place are no larger, those after it no smaller.
func Select(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at := nearestRank(q, int64(len(values))) - 1
	low, high := int64(0), int64(len(values))-1
	for rounds := 2 * bits.Len(uint(len(values))); low < high; rounds-- {
		if rounds == 0 { // the values have met the worst case
			slices.Sort(values[low : high+1])
			break
		}
		first, middle, last := values[low], values[low+(high-low)/2], values[high]
		pivot := max(min(first, middle), min(max(first, middle), last)) // the median
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch { // between j and i all values are the pivot
		case at <= j:
			high = j
		case at >= i:
			low = i
		default:
			return values[at]
		}
	}
	return values[at]
}
