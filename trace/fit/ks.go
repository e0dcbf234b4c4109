package fit

import "math"

// distance is the Kolmogorov-Smirnov distance between sorted samples and a
// distribution function.
func distance(sorted []float64, cdf func(float64) float64) float64 {
	n := float64(len(sorted))
	worst := 0.0
	for i, x := range sorted {
		f := cdf(x)
		worst = max(worst, math.Abs(float64(i+1)/n-f), math.Abs(f-float64(i)/n))
	}
	return worst
}
