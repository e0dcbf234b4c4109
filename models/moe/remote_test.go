package moe

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// modelling.md 2.5 and section 9, item 7.
func TestRemoteUniform(t *testing.T) {
	for _, c := range []struct {
		ranks, domains  int
		visited, copies float64
	}{
		{72, 1, 0, 0}, {72, 2, 0.984, 3.0}, {32, 4, 2.47, 4.5}, {72, 9, 4.0, 5.33},
	} {
		r := tabulate(t, v4Uniform(c.ranks, c.domains)).Remote()
		require.InDelta(t, c.visited, r.DomainsPerToken, 0.02*c.visited, "%d domains", c.domains)
		require.InDelta(t, c.copies, r.CopiesPerToken, 0.01, "%d domains", c.domains)
		require.InDelta(t, 1/float64(c.domains), r.LocalShare, 1e-6)
		require.InDelta(t, 1, r.BusiestDomain, 0.01) // 42.67 experts per domain of nine
	}
}

// 1 - C(192,6)/C(384,6), by hand: 192·191·…·187 / (384·383·…·379).
func TestRemoteIsHypergeometric(t *testing.T) {
	none := 1.0
	for i := range 6 {
		none *= float64(192-i) / float64(384-i)
	}
	require.InDelta(t, 1-none, tabulate(t, v4Uniform(8, 2)).Remote().DomainsPerToken, 1e-9)
}

// modelling.md 2.5: 128 tokens per rank over 4 domains, FP8 dispatch and BF16
// combine, 6.9 MB with dedup.
func TestTrafficAcrossDomains(t *testing.T) {
	table := tabulate(t, v4Uniform(32, 4))
	both := table.Traffic(128, 7392+14336)
	require.InEpsilon(t, 6.9e6, both.ScaleOutDedup, 0.01)
	require.InEpsilon(t, 128*4.5*(7392+14336), both.ScaleOut, 0.001)
	// Of 8 ranks in the domain, 7 are others; 1.5 of 6 choices stay at home.
	require.InEpsilon(t, 128*1.5*7/8*(7392+14336), both.NVLink, 0.001)
	require.InEpsilon(t, 128*6.0*7/8*(7392+14336), both.NVLinkDedup, 0.001)
}

// modelling.md eq. 6 inside one domain: n·K·(1-1/G) copies, dedup or not.
func TestTrafficInOneDomain(t *testing.T) {
	traffic := tabulate(t, v4(0.6, 8, EPLB, 8)).Traffic(128, 7392)
	want := 128 * 6 * (1 - 1.0/8) * 7392
	require.Equal(t, Traffic{NVLink: want, NVLinkDedup: want}, traffic)
	require.Zero(t, tabulate(t, v4(0.6, 1, Contiguous, 0)).Traffic(128, 7392))
}

// Replicas of hot experts in every domain keep
// λ = Σ q·1[in every domain] + rest/domains of the choices at home (2.5).
func TestDomainReplicasRaiseLocality(t *testing.T) {
	last := 0.0
	for _, redundant := range []int{0, 96, 192, 384, 3 * 384} {
		s := v4(0.6, 32, DomainAware, redundant)
		s.Domains = 4
		s.Popularity.Drift = 0
		r := tabulate(t, s).Remote()
		require.Greater(t, r.LocalShare, last)
		last = r.LocalShare
		l := newLayer(s, 0)
		everywhere, rest := 0.0, 0.0
		for e, p := range l.inclusion {
			if l.copies[e] == 4 {
				everywhere += p / 6
			} else {
				rest += p / 6
			}
		}
		require.InEpsilon(t, everywhere+rest/4, l.remote().LocalShare, 1e-6, "%d redundant", redundant)
	}
	require.InDelta(t, 1, last, 1e-9)
}

// The oracle draws tokens and follows them.
func TestRemoteAgreesWithDrawnTokens(t *testing.T) {
	for _, kind := range []string{Contiguous, EPLB, DomainAware} {
		s := v4(1, 24, kind, 48)
		s.Domains = 5
		s.Layers = 1
		want := drawRemote(s, 6000)
		got := tabulate(t, s).Remote()
		require.InEpsilon(t, want.DomainsPerToken, got.DomainsPerToken, 0.02, kind)
		require.InEpsilon(t, want.CopiesPerToken, got.CopiesPerToken, 0.02, kind)
		require.InEpsilon(t, want.RanksPerToken, got.RanksPerToken, 0.02, kind)
	}
}

func drawRemote(s Spec, tokens int) (sum Remote) {
	random := rand.New(rand.NewPCG(3, 3))
	l := newLayer(s, 0)
	weights := routerWeights(&l)
	for range tokens {
		from := s.DomainOf(random.IntN(s.Ranks))
		domains, ranks := map[int]bool{}, map[int]bool{}
		for _, e := range firstToRing(random, weights, s.TopK) {
			rank := drawReplica(random, &l, e, from)
			ranks[rank] = true
			if to := s.DomainOf(rank); to != from {
				domains[to] = true
				sum.CopiesPerToken += 1 / float64(tokens)
			}
		}
		sum.DomainsPerToken += float64(len(domains)) / float64(tokens)
		sum.RanksPerToken += float64(len(ranks)) / float64(tokens)
	}
	return sum
}

// drawReplica is the rank that serves an expert to a token from a domain.
func drawReplica(random *rand.Rand, l *layer, expert, from int) int {
	u := random.Float64()
	rank := -1
	for i, slot := range l.slots {
		if slot.expert != expert {
			continue
		}
		if part := l.serves(i, from); part > 0 {
			rank = slot.rank
			if u -= part; u < 0 {
				return rank
			}
		}
	}
	return rank
}
