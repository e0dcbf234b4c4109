package moe

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawSpec draws any legal configuration of moderate size.
func drawSpec(t *rapid.T) Spec {
	s := Spec{
		Experts: rapid.IntRange(2, 96).Draw(t, "experts"),
		Layers:  2,
		Seed:    rapid.Uint64().Draw(t, "seed"),
		Popularity: Popularity{
			Kind:     rapid.SampledFrom([]string{Uniform, Lognormal, Zipf, PowerLaw}).Draw(t, "popularity"),
			Sigma:    rapid.Float64Range(0, 2).Draw(t, "sigma"),
			Exponent: rapid.Float64Range(0, 2).Draw(t, "exponent"),
			Drift:    rapid.Float64Range(0, 1).Draw(t, "drift"),
		},
	}
	s.TopK = rapid.IntRange(1, min(s.Experts, 10)).Draw(t, "top_k")
	s.Ranks = rapid.IntRange(1, s.Experts).Draw(t, "ranks")
	s.Domains = rapid.IntRange(1, s.Ranks).Draw(t, "domains")
	kinds := []string{Contiguous, Random, EPLB, EPLBHierarchical, DomainAware}
	s.Placement.Kind = rapid.SampledFrom(kinds).Draw(t, "placement")
	s.Placement.Redundant = rapid.IntRange(0, min(2*s.Experts, s.Placement.mostRedundant(s))).Draw(t, "redundant")
	if s.Validate() != nil { // hierarchical needs what divides
		s.Domains = 1
	}
	return s
}

// Every expert is placed, every redundant slot is used, no rank has more slots
// than it has room for, and the copies of an expert share all of its tokens.
func TestPlacementsConserveSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		require.NoError(t, s.Validate())
		l := newLayer(s, 0)
		require.Len(t, l.slots, s.Experts+s.Placement.Redundant)
		for r, slots := range l.slotsByRank() {
			require.LessOrEqual(t, len(slots), s.SlotsPerRank(), "rank %d", r)
			if (s.Experts+s.Placement.Redundant)%s.Ranks == 0 {
				require.Len(t, slots, s.SlotsPerRank(), "rank %d", r)
			}
		}
		served := make([]float64, s.Experts)
		for i, slot := range l.slots {
			served[slot.expert] += l.chosen[i]
		}
		for e, want := range l.inclusion {
			require.InDelta(t, want, served[e], 1e-9, "expert %d", e)
		}
	})
}

// Whatever is tabulated is finite and in bounds.
func TestTabulateAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		table, err := Tabulate(s)
		require.NoError(t, err)
		tokens := math.Exp(rapid.Float64Range(-1, 15).Draw(t, "log tokens"))
		checkLoad(t, s, table.At(tokens))
		r := table.Remote()
		require.InDelta(t, 1, r.LocalShare+r.CopiesPerToken/float64(s.TopK), 1e-9)
		require.LessOrEqual(t, r.DomainsPerToken, 1.001*min(r.CopiesPerToken, float64(s.Domains-1))+1e-5)
		require.GreaterOrEqual(t, r.BusiestDomain, 1-1e-9)
	})
}

func checkLoad(t require.TestingT, s Spec, load Load) {
	require.GreaterOrEqual(t, load.Distinct, 0.0)
	require.GreaterOrEqual(t, load.DistinctMax, load.Distinct)
	require.LessOrEqual(t, load.DistinctMax, float64(s.SlotsPerRank()))
	require.GreaterOrEqual(t, load.Straggler, 1.0)
	require.False(t, math.IsInf(load.Straggler, 0))
}

// modelling.md section 9, item 29.
func TestEPLBOfEqualLoadsIsBalanced(t *testing.T) {
	s := v4Uniform(32, 1)
	s.Placement.Kind = EPLB
	layer, err := SampleLayer(s, 0)
	require.NoError(t, err)
	for _, load := range layer.RankLoad {
		require.InDelta(t, 1, load, 1e-9)
	}
}

func TestReplicasFollowLoad(t *testing.T) {
	loads := make([]float64, 64)
	for e := range loads {
		loads[e] = 0.5 / 63
	}
	loads[5] = 0.5
	copies := make([]int, 64)
	for _, r := range replicate(allExperts(Spec{Experts: 64}), loads, 64*15) {
		copies[r.expert]++
		require.InEpsilon(t, 1.0/1024, r.load, 0.12) // 1024 slots share a load of 1
	}
	require.InDelta(t, 512, copies[5], 10) // the others have 8 or 9 of 8.1
}

// The packing of github.com/deepseek-ai/EPLB worked by hand: loads 90 60 40 30
// 20 10, two replicas, four ranks of two slots.
func TestEPLBByHand(t *testing.T) {
	s := Spec{Experts: 6, TopK: 1, Ranks: 4, Domains: 1, Placement: Placement{Kind: EPLB, Redundant: 2}}
	got := placeEPLB(s, []float64{90, 60, 40, 30, 20, 10})
	// Replicas: 0 twice at 45, 1 twice at 30; sorted 45 45 40 30 30 30 20 10.
	want := []slot{{0, 0}, {0, 1}, {2, 2}, {1, 3}, {1, 3}, {3, 2}, {4, 0}, {5, 1}}
	require.Equal(t, want, got)
}

func TestHierarchicalKeepsGroupsTogether(t *testing.T) {
	s := r1(32, Popularity{Kind: Lognormal, Sigma: 0.6}, Placement{Kind: EPLBHierarchical, Groups: 8, Redundant: 32})
	s.Domains = 4
	l := newLayer(s, 0)
	home := make([]int, 8)
	for _, slot := range l.slots {
		group, domain := slot.expert/32, s.DomainOf(slot.rank)
		if home[group] == 0 {
			home[group] = domain + 1
		}
		require.Equal(t, home[group], domain+1, "expert %d", slot.expert)
	}
	for d := range 4 {
		n := 0
		for _, h := range home {
			if h == d+1 {
				n++
			}
		}
		require.Equal(t, 2, n, "groups in domain %d", d)
	}
}

func TestDomainAwarePutsHotExpertsEverywhere(t *testing.T) {
	s := v4(0.6, 32, DomainAware, 30)
	s.Domains = 4
	s.Popularity.Drift = 0
	l := newLayer(s, 0)
	hottest := slices.Clone(l.inclusion)
	slices.Sort(hottest)
	for e, p := range l.inclusion {
		if p < hottest[len(hottest)-10] {
			require.Equal(t, 1, l.copies[e])
			continue
		}
		require.Equal(t, []int{1, 1, 1, 1}, l.homes[4*e:4*e+4], "expert %d", e)
	}
}

// Replicas cost slots and buy balance: at many tokens, where sampling noise is
// gone, the mean straggler is never larger with them than without.
func TestReplicasNeverHurt(t *testing.T) {
	for _, kind := range []string{EPLB, DomainAware} {
		for _, sigma := range []float64{0.3, 0.6, 1} {
			for _, size := range [][2]int{{4, 16}, {8, 16}, {16, 32}, {24, 24}, {32, 32}, {48, 48}, {64, 64}, {72, 48}} {
				without := v4(sigma, size[0], kind, 0)
				without.Domains = 1 + without.Ranks/32
				without.Layers = 40
				with := without
				with.Placement.Redundant = size[1]
				a, b := structural(without), structural(with)
				require.LessOrEqual(t, b, a*1.01, "%s: %g without", describe(with), a)
				without.Popularity.Drift, with.Popularity.Drift = 0, 0
				a, b = structural(without), structural(with)
				require.LessOrEqual(t, b, a*1.001, "%s: %g without, no drift", describe(with), a)
			}
		}
	}
}

// structural is the mean over layers of the largest expected load over the mean.
func structural(s Spec) float64 {
	sum := 0.0
	for i := range s.Layers {
		l := newLayer(s, i)
		most := 0.0
		for _, t := range l.tallies(l.slotsByRank()) {
			most = max(most, t.mean)
		}
		sum += most * float64(s.Ranks) / float64(s.TopK) / float64(s.Layers)
	}
	return sum
}

func TestDriftAndSkewHurt(t *testing.T) {
	last := 0.0
	for _, drift := range []float64{0, 0.1, 0.2, 0.4, 0.8} {
		s := v4(0.6, 32, EPLB, 32)
		s.Popularity.Drift = drift
		straggler := tabulate(t, s).At(1e5).Straggler
		require.Greater(t, straggler, last)
		last = straggler
	}
	last = 0
	for _, sigma := range []float64{0, 0.3, 0.6, 1} {
		straggler := tabulate(t, v4(sigma, 32, Contiguous, 0)).At(1e5).Straggler
		require.Greater(t, straggler, last)
		last = straggler
	}
}

// EP72 holds 384 experts in 6 slots of which 5.33 are used; 48 replicas fill
// them (modelling.md 2.2).
func TestUnevenSlots(t *testing.T) {
	s := v4Uniform(72, 1)
	require.Equal(t, 6, s.SlotsPerRank())
	require.InDelta(t, 6/(384.0/72), structural(withLayers(s, 1)), 1e-9)
	s.Placement = Placement{Kind: EPLB, Redundant: 48}
	require.Equal(t, 6, s.SlotsPerRank())
	require.Less(t, structural(withLayers(s, 1)), 1.04)
}

func withLayers(s Spec, layers int) Spec {
	s.Layers = layers
	return s
}

func TestDomainsThatDoNotDivide(t *testing.T) {
	require.Equal(t, []int{4, 3, 3}, Spec{Ranks: 10, Domains: 3}.domainRanks())
	require.Equal(t, []int{36, 36}, Spec{Ranks: 72, Domains: 2}.domainRanks())
}
