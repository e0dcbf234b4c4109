package moe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Sets of two of four experts with odds 1 2 3 4, by hand: products 2 3 4 6 8 12
// sum to 35, of which 9 are with the first expert.
func TestChoiceByHand(t *testing.T) {
	c := choice{yes: []float64{1. / 2, 2. / 3, 3. / 4, 4. / 5}, topK: 2, count: make([]float64, 3)}
	c.given = c.elsewhere(nil)
	require.InDelta(t, 35.0/(2*3*4*5), c.given, 1e-12)
	require.InDelta(t, 9.0/35, c.inclusion()[0], 1e-12)
	require.InDelta(t, 9.0/35, c.visits([]float64{1, 0, 0, 0}), 1e-12)
	// Half of the first expert here: half of its sets reach the place.
	require.InDelta(t, 4.5/35, c.visits([]float64{0.5, 0, 0, 0}), 1e-12)
	require.InDelta(t, 1, c.visits([]float64{1, 1, 1, 0}), 1e-12)
}

// A choice includes each expert as often as it was asked to.
func TestChoiceKeepsInclusion(t *testing.T) {
	two := withRanks(mixtral(), 2)
	two.Experts, two.TopK, two.Popularity = 2, 1, Popularity{Kind: Lognormal, Sigma: 1}
	many := v4(1.5, 8, Contiguous, 0)
	many.TopK = 60
	for _, s := range []Spec{
		two, many,
		v4(0.6, 8, Contiguous, 0), v4(1.5, 8, Contiguous, 0), mixtral(),
		r1(8, Popularity{Kind: PowerLaw, Exponent: 1.2}, Placement{Kind: Contiguous}),
	} {
		l := newLayer(s, 0)
		for e, now := range newChoice(l.inclusion, s.TopK).inclusion() {
			require.InDelta(t, l.inclusion[e], now, 1e-5, "%s expert %d", describe(s), e)
		}
	}
}

func TestChoiceOfEverything(t *testing.T) {
	s := mixtral()
	s.TopK = 8
	require.Equal(t, 7.0, tabulate(t, withDomains(s, 8)).Remote().DomainsPerToken)
}

func withDomains(s Spec, domains int) Spec {
	s.Domains = domains
	return s
}

func withRanks(s Spec, ranks int) Spec {
	s.Ranks = ranks
	return s
}
