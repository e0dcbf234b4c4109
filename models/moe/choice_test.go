package moe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Sets of two of four experts, odds 1 2 3 4, by hand: pairs 2 3 4 6 8 12
// sum to 35, of which 1's are 9.
func TestChoiceByHand(t *testing.T) {
	c := choice{odds: []float64{1, 2, 3, 4}, topK: 2, poly: make([]float64, 3)}
	c.all = c.symmetric(nil)
	require.Equal(t, 35.0, c.all)
	require.InDelta(t, 9.0/35, c.visits([]float64{1, 0, 0, 0}), 1e-12)
	require.InDelta(t, 1-9.0/35, c.misses()[0], 1e-12)
	// Half of expert 1 here: half of its sets reach the place.
	require.InDelta(t, 4.5/35, c.visits([]float64{0.5, 0, 0, 0}), 1e-12)
	require.InDelta(t, 1, c.visits([]float64{1, 1, 1, 0}), 1e-12)
}

// A choice includes each expert as often as it was asked to.
func TestChoiceKeepsInclusion(t *testing.T) {
	for _, s := range []Spec{
		v4(0.6, 8, Contiguous, 0), v4(1.5, 8, Contiguous, 0), mixtral(),
		r1(8, Popularity{Kind: PowerLaw, Exponent: 1.2}, Placement{Kind: Contiguous}),
	} {
		l := newLayer(s, 0)
		for e, miss := range newChoice(l.inclusion, s.TopK).misses() {
			require.InDelta(t, l.inclusion[e], 1-miss, 1e-5, "%s expert %d", describe(s), e)
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
