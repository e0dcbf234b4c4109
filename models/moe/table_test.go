package moe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// modelling.md section 9, item 6.
func TestDistinctUniform(t *testing.T) {
	for _, c := range [][2]float64{{8, 45.5}, {32, 151.9}, {64, 243.8}, {128, 332.8}, {256, 377.2}} {
		require.InEpsilon(t, c[1], distinctUniform(384, 6, c[0]), 1e-3)
	}
	require.Zero(t, distinctUniform(384, 6, 0))
	require.InDelta(t, 6, distinctUniform(384, 6, 1), 1e-9)
	require.InDelta(t, 8, distinctUniform(8, 8, 5), 0)
}

func TestUniformAgreesWithTheClosedForm(t *testing.T) {
	for _, s := range []Spec{v4Uniform(1, 1), v4Uniform(8, 1), v4Uniform(72, 9)} {
		table := tabulate(t, s)
		for _, tokens := range []float64{1, 1.3, 7, 100, 1234, 5e4, 3e6} {
			want := distinctUniform(384, 6, tokens) / float64(s.Ranks)
			require.InEpsilon(t, want, table.At(tokens).Distinct, 1e-6, "%s at %g", describe(s), tokens)
		}
	}
}

func TestUniformUnderEveryPlacementIsBalanced(t *testing.T) {
	for _, kind := range []string{Contiguous, Random, EPLB, EPLBHierarchical, DomainAware} {
		s := v4Uniform(32, 4)
		s.Placement.Kind = kind
		load := tabulate(t, s).At(1e6)
		require.InDelta(t, 1, load.Straggler, 0.01, kind)
		require.InDelta(t, 12, load.Distinct, 1e-9, kind)
		require.InDelta(t, 12, load.DistinctMax, 1e-9, kind)
	}
}

func TestTensorParallelExpertsHaveNoStraggler(t *testing.T) {
	s := v4(1, 1, Contiguous, 0)
	table := tabulate(t, s)
	for _, tokens := range []float64{1, 40, 2000, 1e6} {
		load := table.At(tokens)
		require.Equal(t, 1.0, load.Straggler)
		require.InEpsilon(t, load.Distinct, load.DistinctMax, 1e-9)
		require.LessOrEqual(t, load.Distinct, distinctUniform(384, 6, tokens))
	}
	require.InDelta(t, 384, table.At(1e6).Distinct, 0.01)
	require.Equal(t, 384, table.SlotsPerRank())
}

func TestAtTheEdges(t *testing.T) {
	table := tabulate(t, v4(0.6, 32, EPLB, 32))
	require.Equal(t, Load{Straggler: 1}, table.At(0))
	require.Equal(t, Load{Straggler: 1}, table.At(-3))
	require.Equal(t, Load{Straggler: 1}, table.At(math.NaN()))
	require.Less(t, table.At(0.5).Distinct, table.At(1).Distinct)
	require.InDelta(t, 13, table.At(math.Inf(1)).Distinct, 1e-9)
	require.Equal(t, table.At(1e6).Straggler, table.At(1e9).Straggler)
}

// A load lies between what its definition allows, on and off the grid, and
// grows or falls with tokens as it must.
func TestLoadBounds(t *testing.T) {
	for _, s := range []Spec{
		v4(0.6, 72, EPLB, 48), v4(1, 72, Contiguous, 0), v4(0, 8, Contiguous, 0),
		r1(64, Popularity{Kind: PowerLaw, Exponent: 1.2}, Placement{Kind: Random, Redundant: 64}),
		r1(7, Popularity{Kind: Zipf, Exponent: 0.8, Drift: 0.3}, Placement{Kind: EPLB, Redundant: 3}),
	} {
		table := tabulate(t, s)
		before := Load{Straggler: math.Inf(1)}
		for tokens := 1.0; tokens < 1e6; tokens *= 1.17 {
			load := table.At(tokens)
			require.GreaterOrEqual(t, load.DistinctMax, load.Distinct)
			require.LessOrEqual(t, load.DistinctMax, float64(s.SlotsPerRank()))
			require.LessOrEqual(t, load.Distinct, tokens*float64(s.TopK)/float64(s.Ranks)*(1+1e-9))
			require.GreaterOrEqual(t, load.Distinct, before.Distinct)
			require.GreaterOrEqual(t, load.Straggler, 1.0)
			require.LessOrEqual(t, load.Straggler, before.Straggler*(1+1e-4), "%s at %g", describe(s), tokens)
			before = load
		}
	}
}

func TestMoreSkewReadsFewerExperts(t *testing.T) {
	last := math.Inf(1)
	for _, sigma := range []float64{0, 0.3, 0.6, 1, 1.5} {
		distinct := tabulate(t, v4(sigma, 8, Contiguous, 0)).At(64).Distinct
		require.Less(t, distinct, last)
		last = distinct
	}
}

// The table agrees with what is computed at tokens between its grid points.
func TestInterpolation(t *testing.T) {
	s := v4(0.6, 32, EPLB, 32)
	s.Layers = 4
	table := tabulate(t, s)
	sum := newSums(s)
	for i := range s.Layers {
		l := newLayer(s, i)
		ranks := l.slotsByRank()
		perToken := l.tallies(ranks)
		for b := range buckets - 1 {
			sum.straggler[b] += sum.stragglerAt(midpoint(b), perToken) / float64(s.Layers)
			for _, rate := range l.missRates() {
				sum.missed[b] += -math.Expm1(-rate*midpoint(b)) / float64(s.Layers*s.Ranks)
			}
		}
	}
	for b := range buckets - 1 {
		load := table.At(midpoint(b))
		require.InEpsilon(t, sum.missed[b], load.Distinct, 0.003, "distinct at %g", midpoint(b))
		require.InEpsilon(t, sum.straggler[b], load.Straggler, 0.04, "straggler at %g", midpoint(b))
	}
}

// midpoint is halfway, in the logarithm, between two grid points.
func midpoint(bucket int) float64 {
	return math.Sqrt(gridTokens(bucket) * gridTokens(bucket+1))
}

// The oracle draws tokens one by one: the topK experts whose exponential clocks
// ring first, one replica of each at random.
func TestTableAgreesWithDrawnTokens(t *testing.T) {
	for _, s := range []Spec{
		v4(1, 72, Contiguous, 0), v4(0.6, 32, EPLB, 32), v4(0, 8, Contiguous, 0),
		mixtral(),
	} {
		s.Layers = 1
		table := tabulate(t, s)
		for _, bucket := range []int{3, 8, 13} {
			tokens := int(math.Round(gridTokens(bucket)))
			want := drawLoads(s, tokens, 5000/tokens+4)
			got := table.At(float64(tokens))
			require.InEpsilon(t, want.Distinct, got.Distinct, 0.015, "%s at %d", describe(s), tokens)
			require.InEpsilon(t, want.DistinctMax, got.DistinctMax, 0.03, "%s at %d", describe(s), tokens)
			require.InEpsilon(t, want.Straggler, got.Straggler, 0.03, "%s at %d", describe(s), tokens)
		}
	}
}

// drawLoads averages the load of many steps of layer 0.
func drawLoads(s Spec, tokens, steps int) Load {
	random := rand.New(rand.NewPCG(7, 7))
	l := newLayer(s, 0)
	weights := routerWeights(&l)
	replicas := make([][]int, s.Experts) // slots by expert
	for i, slot := range l.slots {
		replicas[slot.expert] = append(replicas[slot.expert], i)
	}
	var sum Load
	for range steps {
		counts := make([]int, len(l.slots))
		for range tokens {
			for _, e := range firstToRing(random, weights, s.TopK) {
				counts[replicas[e][random.IntN(len(replicas[e]))]]++
			}
		}
		step := countLoad(&l, counts)
		sum.Distinct += step.Distinct / float64(steps)
		sum.DistinctMax += step.DistinctMax / float64(steps)
		sum.Straggler += step.Straggler / float64(steps)
	}
	return sum
}

// routerWeights turns inclusion probabilities back into weights.
func routerWeights(l *layer) []float64 {
	weights := make([]float64, l.spec.Experts)
	for e, p := range l.inclusion {
		weights[e] = -math.Log1p(-p)
	}
	return weights
}

func firstToRing(random *rand.Rand, weights []float64, topK int) []int {
	times := make([]float64, len(weights))
	for e, w := range weights {
		times[e] = random.ExpFloat64() / w
	}
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	var chosen []int
	for e, at := range times {
		if at <= sorted[topK-1] {
			chosen = append(chosen, e)
		}
	}
	return chosen
}

// countLoad is the Load of one step whose tokens were counted by slot.
func countLoad(l *layer, counts []int) Load {
	total, read := 0, 0
	served, reads := make([]int, l.spec.Ranks), make([]int, l.spec.Ranks)
	for i, n := range counts {
		total += n
		served[l.slots[i].rank] += n
		if n > 0 {
			read++
			reads[l.slots[i].rank]++
		}
	}
	ranks := float64(l.spec.Ranks)
	return Load{
		Distinct:    float64(read) / ranks,
		DistinctMax: float64(slices.Max(reads)),
		Straggler:   float64(slices.Max(served)) * ranks / float64(total),
	}
}

func TestSameSpecSameTable(t *testing.T) {
	s := v4(0.6, 24, EPLB, 24)
	require.Equal(t, tabulate(t, s), tabulate(t, s))
	other := s
	other.Seed = 1
	require.NotEqual(t, tabulate(t, s).At(1000), tabulate(t, other).At(1000))
}

func TestSpecKeysACache(t *testing.T) {
	cache := map[Spec]int{v4(0.6, 24, EPLB, 24): 1}
	require.Equal(t, 1, cache[v4(0.6, 24, EPLB, 24)])
	require.Zero(t, cache[v4(0.6, 24, EPLB, 48)])
}

func TestAtDoesNotAllocate(t *testing.T) {
	table := tabulate(t, v4(0.6, 8, EPLB, 8))
	tokens := 1.0
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		tokens += table.At(tokens).Straggler
	}))
}

// distinctUniform is how many of the experts at least one of the tokens
// chooses when every expert is as likely as any other (modelling.md eq. 4,
// over all ranks together).
func distinctUniform(experts, topK int, tokens float64) float64 {
	if topK >= experts {
		return float64(experts) * min(1, tokens)
	}
	return float64(experts) * -math.Expm1(tokens*math.Log1p(-float64(topK)/float64(experts)))
}
