package moe

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// v4 is a DeepSeek-V4-Pro expert group in one domain, drift 0.2.
func v4(sigma float64, ranks int, placement string, redundant int) Spec {
	return Spec{
		Experts: 384, TopK: 6, Ranks: ranks, Domains: 1,
		Popularity: Popularity{Kind: Lognormal, Sigma: sigma, Drift: 0.2},
		Placement:  Placement{Kind: placement, Redundant: redundant},
	}
}

// v4Uniform has experts all alike, spread over domains.
func v4Uniform(ranks, domains int) Spec {
	return Spec{
		Experts: 384, TopK: 6, Ranks: ranks, Domains: domains,
		Popularity: Popularity{Kind: Uniform},
		Placement:  Placement{Kind: Contiguous},
	}
}

// r1 is a DeepSeek-R1 expert group in one domain.
func r1(ranks int, popularity Popularity, placement Placement) Spec {
	return Spec{
		Experts: 256, TopK: 8, Ranks: ranks, Domains: 1,
		Popularity: popularity, Placement: placement,
	}
}

// mixtral has one expert on each rank, all alike.
func mixtral() Spec {
	s := v4Uniform(8, 1)
	s.Experts, s.TopK = 8, 2
	return s
}

func tabulate(t testing.TB, s Spec) *Table {
	t.Helper()
	table, err := Tabulate(s)
	require.NoError(t, err)
	return table
}

func describe(s Spec) string {
	p := s.Popularity
	return fmt.Sprintf("%d of %d experts, EP%d over %d, %s sigma %g exponent %g, %s +%d", s.TopK, s.Experts,
		s.Ranks, s.Domains, p.Kind, p.Sigma, p.Exponent, s.Placement.Kind, s.Placement.Redundant)
}
