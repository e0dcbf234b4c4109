package fit

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// normal is one part of a mixture over logarithms.
type normal struct{ weight, mu, sigma float64 }

// sigmaMin keeps a part from collapsing onto a single repeated value.
const sigmaMin = 0.05

// mixture fits k normals to logs by maximum likelihood (expectation and
// maximisation, from several starts) and returns them by rising mu, with the
// log-likelihood.
func mixture(logs []float64, k int) ([]normal, float64) {
	sorted := slices.Sorted(slices.Values(logs))
	values, counts := grouped(sorted)
	var best []normal
	bestLikelihood := math.Inf(-1)
	for _, start := range starts(sorted, k) {
		parts, likelihood := climb(values, counts, start)
		if likelihood > bestLikelihood {
			best, bestLikelihood = parts, likelihood
		}
	}
	slices.SortFunc(best, func(a, b normal) int { return int(math.Copysign(1, a.mu-b.mu)) })
	return best, bestLikelihood
}

// grid is how finely logarithms are told apart: to 0.1 %. It bounds the work,
// as many samples fall together.
const grid = 1e-3

// grouped counts the samples of each step of the grid, at their mean.
func grouped(sorted []float64) (values, counts []float64) {
	last := math.Inf(-1)
	for _, x := range sorted {
		if x-last > grid {
			values, counts = append(values, 0), append(counts, 0)
			last = x
		}
		values[len(values)-1] += x
		counts[len(counts)-1]++
	}
	for i := range values {
		values[i] /= counts[i]
	}
	return values, counts
}

// starts returns first guesses: the data cut at quantiles, evenly and not.
func starts(sorted []float64, k int) [][]normal {
	if k == 1 {
		return [][]normal{{slice(sorted, 0, 1)}}
	}
	var out [][]normal
	for _, power := range []float64{0.5, 1, 2} { // where the cuts lie
		var parts []normal
		for i := range k {
			from, to := math.Pow(float64(i)/float64(k), power), math.Pow(float64(i+1)/float64(k), power)
			parts = append(parts, slice(sorted, from, to))
		}
		out = append(out, parts)
	}
	mean, sd := stat.MeanStdDev(sorted, nil)
	var nested []normal // same middle, different widths
	for i := range k {
		nested = append(nested, normal{1 / float64(k), mean, max(sd*math.Pow(2, float64(i))/2, sigmaMin)})
	}
	return append(out, nested)
}

// slice describes the part of the sorted data between two quantiles.
func slice(sorted []float64, from, to float64) normal {
	n := float64(len(sorted))
	low := int(from * n)
	high := max(int(to*n), min(low+1, len(sorted)))
	low = min(low, high-1)
	mean, sd := stat.MeanStdDev(sorted[low:high], nil)
	if math.IsNaN(sd) {
		sd = 0
	}
	return normal{to - from, mean, max(sd, sigmaMin)}
}

const (
	stepsMax  = 1000
	tolerance = 1e-9 // of the log-likelihood per sample
)

// climb improves a guess until it no longer gets better.
func climb(values, counts []float64, parts []normal) ([]normal, float64) {
	last := math.Inf(-1)
	total := 0.0
	for _, n := range counts {
		total += n
	}
	for range stepsMax {
		next, likelihood := step(values, counts, parts)
		if likelihood-last < tolerance*total {
			return parts, likelihood
		}
		parts, last = next, likelihood
	}
	return parts, last
}

// step is one round of expectation and maximisation. It returns the better
// parts and the log-likelihood of the given ones.
func step(values, counts []float64, parts []normal) ([]normal, float64) {
	k := len(parts)
	sums := make([]struct{ n, x, xx float64 }, k)
	density := make([]float64, k)
	likelihood := 0.0
	for i, x := range values {
		total := 0.0
		for j, p := range parts {
			z := (x - p.mu) / p.sigma
			density[j] = p.weight / p.sigma * math.Exp(-z*z/2)
			total += density[j]
		}
		if total < 1e-300 {
			total = 1e-300 // far from all parts
		}
		likelihood += counts[i] * (math.Log(total) - math.Log(2*math.Pi)/2)
		for j := range parts {
			n := counts[i] * density[j] / total
			sums[j].n += n
			sums[j].x += n * x
			sums[j].xx += n * x * x
		}
	}
	all := 0.0
	for j := range sums {
		all += sums[j].n
	}
	next := make([]normal, k)
	for j, s := range sums {
		if s.n < 1e-9 {
			next[j] = normal{0, parts[j].mu, parts[j].sigma}
			continue
		}
		mu := s.x / s.n
		next[j] = normal{s.n / all, mu, max(math.Sqrt(max(s.xx/s.n-mu*mu, 0)), sigmaMin)}
	}
	return next, likelihood
}

// gamma fits shape and scale by maximum likelihood. The shape solves
// ln k - ψ(k) = ln(mean) - mean(ln x), which falls with k.
func gamma(x []float64) (shape, scale, likelihood float64) {
	mean := stat.Mean(x, nil)
	meanLog := 0.0
	for _, v := range x {
		meanLog += math.Log(v)
	}
	meanLog /= float64(len(x))
	want := math.Log(mean) - meanLog
	low, high := 1e-3, 1e6
	for range 200 {
		shape = math.Sqrt(low * high)
		if math.Log(shape)-mathext.Digamma(shape) > want {
			low = shape
		} else {
			high = shape
		}
	}
	scale = mean / shape
	logGamma, _ := math.Lgamma(shape)
	n := float64(len(x))
	likelihood = n * ((shape-1)*meanLog - shape - shape*math.Log(scale) - logGamma)
	return shape, scale, likelihood
}
