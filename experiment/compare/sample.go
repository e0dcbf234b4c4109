package compare

import (
	"math"
	"math/rand/v2"
)

// permutations draws n orders of m factors. They come in rounds of m: a random
// order and its rotations, so that in each round every factor stands once at
// every place.
func permutations(m, n int, seed uint64) [][]int {
	const stream = 0x5ba9_1e70 // apart from other uses of the seed
	r := rand.New(rand.NewPCG(seed, stream))
	var orders [][]int
	var round []int
	for k := range n {
		turn := k % m
		if turn == 0 {
			round = r.Perm(m)
		}
		order := make([]int, m)
		for i := range order {
			order[i] = round[(i+turn)%m]
		}
		orders = append(orders, order)
	}
	return orders
}

// passed lists the corners that an order leads through, from b to a.
func passed(order []int) []set {
	s := set(0)
	corners := []set{s}
	for _, i := range order {
		s = s.with(i)
		corners = append(corners, s)
	}
	return corners
}

// sampled estimates Shapley shares from the values of the corners that some
// orders lead through, and the standard errors of the estimates. known holds
// values of all corners by a cheaper model: their shares are exact, so that
// only those of the difference are estimated. For each order the shares add up
// to the difference between the ends, and so do their means.
func sampled(known []float64, value func(s set) float64, orders [][]int) (shares, errors []float64) {
	shares = shapley(known)
	m, n := len(shares), float64(len(orders))
	sum, squares := make([]float64, m), make([]float64, m)
	for _, order := range orders {
		s := set(0)
		for _, i := range order {
			step := (value(s.with(i)) - known[s.with(i)]) - (value(s) - known[s])
			sum[i] += step
			squares[i] += step * step
			s = s.with(i)
		}
	}
	errors = make([]float64, m)
	for i := range shares {
		mean := sum[i] / n
		shares[i] += mean
		if n > 1 {
			errors[i] = math.Sqrt(max(0, squares[i]/n-mean*mean) / (n - 1))
		}
	}
	return shares, errors
}
