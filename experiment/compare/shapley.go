package compare

import "math/bits"

// shapley shares the difference between the full and the empty set out to m
// factors, given the value of every subset: modelling.md eq. (15),
//
//	φ_i = Σ over S without i of |S|!·(m-|S|-1)!/m! · [y(S+i) - y(S)]
//
// so that Σ φ_i = y(full) - y(empty).
func shapley(y []float64) []float64 {
	m := bits.Len(uint(len(y))) - 1
	weight := make([]float64, m) // by the size of S
	w := 1.0
	for k := range weight {
		weight[k] = w / float64(m) // 1/(m·C(m-1, k))
		w *= float64(k+1) / float64(m-1-k)
	}
	shares := make([]float64, m)
	for s := range set(len(y)) {
		size := bits.OnesCount(uint(s))
		for i := range shares {
			if !s.has(i) {
				shares[i] += weight[size] * (y[s.with(i)] - y[s])
			}
		}
	}
	return shares
}

// interaction is how much more two factors change together than one by one,
// both added to b.
func interaction(y []float64, i, j int) float64 {
	return y[set(0).with(i).with(j)] - y[set(0).with(i)] - y[set(0).with(j)] + y[0]
}
