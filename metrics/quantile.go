package metrics

import "math"

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
