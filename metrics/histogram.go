package metrics

import "math"

// The bins of a Histogram: from a microsecond (or 1e-6 tok/s) over thirteen
// decades, each 0.5 % wide (modelling.md 7.4), so that a quantile is within
// 0.25 %.
const (
	binLow    = 1e-6
	binGrowth = 1.005
	binCount  = 6002 // ln(1e13)/ln(1.005), rounded up
)

// Histogram counts positive values in logarithmic bins. All histograms have
// the same bins, so any two merge. The zero value is empty and ready.
type Histogram struct {
	bins     [binCount]int64
	count    int64
	sum      float64
	min, max float64
}

// Add counts one value. Values beyond the bins are counted in the first or
// last bin; NaN is not counted.
func (h *Histogram) Add(v float64) {
	if math.IsNaN(v) {
		return
	}
	if h.count == 0 {
		h.min, h.max = v, v
	}
	h.min, h.max = min(h.min, v), max(h.max, v)
	h.bins[bin(v)]++
	h.count++
	h.sum += v
}

func bin(v float64) int {
	if v < binLow {
		return 0
	}
	at := math.Log(v/binLow) / math.Log(binGrowth)
	return int(min(at, binCount-1))
}

// Count is how many values were added.
func (h *Histogram) Count() int64 { return h.count }

// Mean is exact; 0 when empty.
func (h *Histogram) Mean() float64 {
	if h.count == 0 {
		return 0
	}
	return h.sum / float64(h.count)
}

// Min is exact; 0 when empty.
func (h *Histogram) Min() float64 { return h.min }

// Max is exact; 0 when empty.
func (h *Histogram) Max() float64 { return h.max }

// Quantile is the smallest value that a share q of all values do not exceed,
// within half a bin; 0 when empty.
func (h *Histogram) Quantile(q float64) float64 {
	if h.count == 0 {
		return 0
	}
	rank := nearestRank(q, h.count)
	switch rank {
	case 1:
		return h.min
	case h.count:
		return h.max
	}
	var seen int64
	for i, n := range h.bins {
		if seen += n; seen >= rank {
			middle := binLow * math.Pow(binGrowth, float64(i)+0.5)
			return min(max(middle, h.min), h.max)
		}
	}
	return h.max
}

// Merge adds all that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.count == 0 {
		return
	}
	if h.count == 0 {
		h.min, h.max = other.min, other.max
	}
	h.min, h.max = min(h.min, other.min), max(h.max, other.max)
	for i, n := range other.bins {
		h.bins[i] += n
	}
	h.count += other.count
	h.sum += other.sum
}

// Reset empties h.
func (h *Histogram) Reset() { *h = Histogram{} }

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
