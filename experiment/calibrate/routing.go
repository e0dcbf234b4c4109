package calibrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// routing is how the tables deal (token, expert) pairs out to experts.
type routing struct {
	tokens, topK, experts, groups int
	distribution                  string
}

// load is what the busiest group of experts gets.
type load struct{ rows, distinct float64 }

// drawn is how many random placements a power-law load is averaged over.
const drawn = 6

// loads remembers what was computed: tables repeat the same routing per dtype.
type loads map[routing]load

func (m loads) of(r routing) (load, error) {
	if l, ok := m[r]; ok {
		return l, nil
	}
	l, err := r.load()
	if err == nil {
		m[r] = l
	}
	return l, err
}

// load follows aiconfigurator's generator (docs/POWER_LAW_DISTRIBUTION.md and
// its collector): "balanced" deals pairs one by one, "power_law_<a>" draws
// expert loads from a bounded power law and measures the busiest group.
func (r routing) load() (load, error) {
	if r.experts%r.groups != 0 {
		return load{}, fmt.Errorf("%d experts do not divide over %d groups", r.experts, r.groups)
	}
	pairs := float64(r.tokens * r.topK)
	if r.distribution == balanced {
		groups := float64(r.groups)
		return load{
			rows:     max(1, pairs/groups),
			distinct: max(1, min(pairs, float64(r.experts))/groups),
		}, nil
	}
	exponent, err := strconv.ParseFloat(strings.TrimPrefix(r.distribution, "power_law_"), 64)
	if err != nil || !(exponent > 1) {
		return load{}, fmt.Errorf("unknown distribution %q", r.distribution)
	}
	var mean load
	random := rand.New(rand.NewPCG(uint64(r.tokens), uint64(r.groups)<<32|uint64(r.experts)))
	for range drawn {
		one := busiest(r.draw(exponent, random), r.groups)
		mean.rows += one.rows
		mean.distinct += one.distinct
	}
	return load{mean.rows / drawn, mean.distinct / drawn}, nil
}

// draw gives every expert its pairs: quantiles of the bounded power law in
// random order, scaled to the total and rounded; what rounding leaves over
// goes to the least loaded, and what it adds comes from the most loaded.
func (r routing) draw(exponent float64, random *rand.Rand) []float64 {
	low, high := 0.01, 2.0 // the generator's bounds where experts outnumber pairs
	if r.tokens*r.topK > r.experts {
		low, high = 1, float64(r.tokens)*0.8
	}
	k := 1 - exponent
	weights := make([]float64, r.experts)
	sum := 0.0
	for i, slot := range random.Perm(r.experts) {
		u := (float64(i) + 0.5) / float64(r.experts)
		weights[slot] = math.Pow((math.Pow(high, k)-math.Pow(low, k))*u+math.Pow(low, k), 1/k)
		sum += weights[slot]
	}
	left := float64(r.tokens * r.topK)
	pairs := left
	for i := range weights {
		weights[i] = min(math.Round(weights[i]/sum*pairs), float64(r.tokens))
		left -= weights[i]
	}
	settle(weights, left, random)
	return weights
}

// settle spreads left pairs over the least loaded experts, or takes -left from
// the most loaded, one each, round and round; chance decides among equals.
func settle(weights []float64, left float64, random *rand.Rand) {
	order := random.Perm(len(weights))
	sign := math.Copysign(1, left)
	slices.SortStableFunc(order, func(a, b int) int {
		return int(sign * (weights[a] - weights[b]))
	})
	for i := 0; left != 0; i++ {
		expert := order[i%len(order)]
		if weights[expert]+sign >= 0 {
			weights[expert] += sign
			left -= sign
		}
	}
}

// busiest cuts experts into groups of neighbours and returns the load of the
// group with the most pairs.
func busiest(pairs []float64, groups int) load {
	size := len(pairs) / groups
	var most load
	for g := range groups {
		var l load
		for _, p := range pairs[g*size : (g+1)*size] {
			l.rows += p
			if p > 0 {
				l.distinct++
			}
		}
		if l.rows > most.rows {
			most = l
		}
	}
	most.distinct = max(1, most.distinct)
	return most
}
