package trace

import (
	"math/bits"
	"slices"
)

// histogram counts whole numbers of 0 or more in buckets that are exact below
// 2^subBits and at most 1/2^(subBits-1) of the value wide above, so quantiles
// take bounded memory however long the trace is.
type histogram struct {
	counts []int64
	n      int64
	sum    float64
	max    int64
}

const subBits = 12 // buckets at most 0.05 % wide

func bucketOf(v int64, subBits int) int {
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(uint64(v)) - subBits
	return shift<<(subBits-1) + int(v>>shift)
}

// bounds returns the lowest and highest value of a bucket.
func bounds(bucket, subBits int) (low, high int64) {
	if bucket < 1<<subBits {
		return int64(bucket), int64(bucket)
	}
	shift := bucket>>(subBits-1) - 1
	low = int64(bucket-shift<<(subBits-1)) << shift
	return low, low + 1<<shift - 1
}

func (h *histogram) add(v int64) {
	v = max(v, 0)
	b := bucketOf(v, subBits)
	if b >= len(h.counts) {
		h.counts = append(h.counts, make([]int64, b+1-len(h.counts))...)
	}
	h.counts[b]++
	h.n++
	h.sum += float64(v)
	h.max = max(h.max, v)
}

func (h *histogram) clone() histogram {
	c := *h
	c.counts = slices.Clone(h.counts)
	return c
}

// quantile interpolates linearly between order statistics, as most statistics
// programs do.
func (h *histogram) quantile(q float64) float64 {
	if h.n == 0 {
		return 0
	}
	rank := q * float64(h.n-1)
	low := int64(rank)
	a := h.rank(low)
	if float64(low) == rank {
		return a
	}
	return a + (h.rank(low+1)-a)*(rank-float64(low))
}

// rank returns the value of the order statistic with 0-based number i.
func (h *histogram) rank(i int64) float64 {
	for b, count := range h.counts {
		if i < count {
			low, high := bounds(b, subBits)
			return float64(low+min(high, h.max)) / 2
		}
		i -= count
	}
	return float64(h.max)
}

func (h *histogram) quantiles(unit float64) Quantiles {
	q := Quantiles{
		P10: h.quantile(0.10) * unit,
		P25: h.quantile(0.25) * unit,
		P50: h.quantile(0.50) * unit,
		P75: h.quantile(0.75) * unit,
		P90: h.quantile(0.90) * unit,
		P99: h.quantile(0.99) * unit,
		Max: float64(h.max) * unit,
		N:   h.n,
	}
	if h.n > 0 {
		q.Mean = h.sum / float64(h.n) * unit
	}
	return q
}
