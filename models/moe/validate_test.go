package moe

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValidateNamesTheField(t *testing.T) {
	for _, c := range []struct {
		change func(*Spec)
		want   string
	}{
		{func(s *Spec) { s.Experts = 0 }, "experts: 0: want 1 to 8192"},
		{func(s *Spec) { s.TopK = 385 }, "top_k: 385: want 1 to 64"},
		{func(s *Spec) { s.Experts, s.TopK = 4, 5 }, "top_k: 5: want 1 to 4"},
		{func(s *Spec) { s.Ranks = 385 }, "ranks: 385: want 1 to 384"},
		{func(s *Spec) { s.Ranks = 0 }, "ranks: 0: want 1 to 384"},
		{func(s *Spec) { s.Domains = 33 }, "domains: 33: want 1 to 32"},
		{func(s *Spec) { s.Layers = -1 }, "layers: -1: want 0 to 4096"},
		{func(s *Spec) { s.Popularity.Kind = "zipfian" },
			`popularity.kind: "zipfian": want one of uniform, lognormal, zipf, power-law, histogram`},
		{func(s *Spec) { s.Popularity.Sigma = -1 }, "popularity.sigma: -1: want 0 to 5"},
		{func(s *Spec) { s.Popularity.Drift = math.NaN() }, "popularity.drift: NaN: want 0 to 3"},
		{func(s *Spec) { s.Popularity = Popularity{Kind: Zipf, Exponent: -2} },
			"popularity.exponent: -2: want 0 to 8"},
		{func(s *Spec) { s.Popularity = Popularity{Kind: PowerLaw, Exponent: 1, Bound: 0.5} },
			"popularity.bound: 0.5: want 1 to 1e+12"},
		{func(s *Spec) { s.Popularity = Popularity{Kind: FromHistogram, File: "hot.csv"} },
			`popularity.file: "hot.csv": want a file of counts`},
		{func(s *Spec) { s.Placement.Kind = "" },
			`placement.kind: "": want one of contiguous, random, eplb, eplb-hierarchical, domain`},
		{func(s *Spec) { s.Placement.Redundant = -1 }, "placement.redundant: -1: want 0 to 11904"},
		{func(s *Spec) { s.Ranks, s.Placement.Redundant = 1, 1 }, "placement.redundant: 1: want 0 to 0"},
		{func(s *Spec) { s.Domains, s.Placement = 2, Placement{Kind: DomainAware, Redundant: 400} },
			"placement.redundant: 400: want 0 to 384"},
		{func(s *Spec) { s.Placement = Placement{Kind: EPLBHierarchical, Groups: 7} },
			"placement.groups: 7: want a divisor of experts, 384, for eplb-hierarchical"},
		{func(s *Spec) { s.Domains, s.Placement = 4, Placement{Kind: EPLBHierarchical, Redundant: 6} },
			"domains: 4: want a divisor of placement.redundant, 6, for eplb-hierarchical"},
	} {
		s := v4(0.6, 32, EPLB, 0)
		c.change(&s)
		require.ErrorContains(t, s.Validate(), c.want)
		_, err := Tabulate(s)
		require.ErrorContains(t, err, c.want)
	}
	require.NoError(t, v4(0.6, 32, EPLB, 0).Validate())
}

func TestValidateHistogram(t *testing.T) {
	h, err := ReadHistogram(strings.NewReader("0,1\n5,2\n"), 384)
	require.NoError(t, err)
	s := v4(0, 32, EPLB, 0)
	s.Popularity = Popularity{Kind: FromHistogram, Histogram: h}
	require.EqualError(t, s.Validate(), "popularity.file: 2 experts were ever used: want at least as many as top_k, 6")
	s.Experts = 256
	require.EqualError(t, s.Validate(), "popularity.file: 384 experts counted: want the 256 of the model")
}

func TestValidateReportsEveryField(t *testing.T) {
	s := v4(-1, 0, "eplb+", -3)
	err := s.Validate()
	for _, path := range []string{"ranks:", "popularity.sigma:", "placement.kind:"} {
		require.ErrorContains(t, err, path)
	}
}

// FuzzSpec: nothing panics, and what is valid tabulates to loads in bounds.
func FuzzSpec(f *testing.F) {
	f.Add(384, 6, 72, 2, 48, 0, uint8(1), uint8(2), 0.6, 0.2, 1000.0)
	f.Add(256, 8, 32, 4, 32, 8, uint8(3), uint8(3), 1.2, 0.0, 1.0)
	f.Add(8, 8, 3, 3, 1, 0, uint8(2), uint8(4), 8.0, 3.0, 1e7)
	f.Add(270, 62, 32, 4, 32, 12, uint8(0), uint8(0), 1.2, 3.0, 1.0)        // most experts certain
	f.Add(227, 1, 55, 9, 294, 11, uint8(2), uint8(0), 8.0, 0.3, 1.000003e7) // most never chosen
	f.Add(-1, 0, math.MaxInt, 0, math.MinInt, 0, uint8(9), uint8(9), math.Inf(1), math.NaN(), -1.0)
	kinds := []string{Uniform, Lognormal, Zipf, PowerLaw, FromHistogram, ""}
	placements := []string{Contiguous, Random, EPLB, EPLBHierarchical, DomainAware, ""}
	f.Fuzz(func(t *testing.T, experts, topK, ranks, domains, redundant, groups int,
		kind, placement uint8, shape, drift, tokens float64) {
		s := Spec{
			Experts: experts, TopK: topK, Ranks: ranks, Domains: domains, Layers: 1,
			Popularity: Popularity{
				Kind: kinds[int(kind)%len(kinds)], Sigma: shape, Exponent: shape, Drift: drift,
			},
			Placement: Placement{
				Kind: placements[int(placement)%len(placements)], Redundant: redundant, Groups: groups,
			},
		}
		if s.Validate() != nil || experts > 512 || redundant > 512 || domains > 16 {
			return
		}
		table, err := Tabulate(s)
		require.NoError(t, err)
		if tokens > 0 {
			checkLoad(t, s, table.At(tokens))
		}
		r := table.Remote()
		require.False(t, math.IsNaN(r.DomainsPerToken+r.CopiesPerToken+r.RanksPerToken+r.BusiestDomain))
	})
}
