package metrics

// mserBatch is the five of MSER-5.
const mserBatch = 5

// MSER5 finds how many leading observations of a series are warm-up: the cut,
// in fives, that makes the mean of the rest most certain,
// d* = argmin Σ_{i>d}(y_i - ȳ_d)²/(n-d)² over the first half (modelling.md 4.3).
// It is not ok at the end of that half, which means that the run is too short,
// or with fewer than two fives.
func MSER5(series []float64) (cut int, ok bool) {
	n := len(series) / mserBatch
	if n < 2 {
		return 0, false
	}
	var sum, squares, least float64
	best := n
	for d := n - 1; d >= 0; d-- { // from the back, so that sums grow by one batch
		y := 0.0
		for _, v := range series[d*mserBatch : (d+1)*mserBatch] {
			y += v / mserBatch
		}
		// Welford's update keeps small spreads on large means exact.
		count := float64(n - d)
		before := y - sum
		sum += before / count
		squares += before * (y - sum)
		if score := squares / (count * count); d <= n/2 && (best == n || score <= least) {
			best, least = d, score
		}
	}
	return best * mserBatch, best < n/2
}
