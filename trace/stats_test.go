package trace

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStatsByHand(t *testing.T) {
	in := calls{
		{Session: "a", Input: 1000, Output: 50, Gap: Unknown, Start: 0, Service: 2},
		{Session: "a", Kind: Tool, Input: 1100, Cached: 960, Prefix: 960, Output: 70, Gap: Unknown, Start: 5, Service: 1},
		{Session: "a", Agent: "s", Input: 300, Output: 5, Gap: Unknown, Start: Unknown, Service: Unknown},
		{Session: "b", Input: 500, Output: 10, Gap: 0, Start: Unknown, Service: Unknown},
		{Session: "a", Kind: User, Input: 1300, Cached: 1088, Prefix: 1088, Output: 90, Gap: 8, Start: Unknown, Service: Unknown},
		{Input: 900, Cached: 512, Prefix: 512, Output: 1, Gap: Unknown, Start: Unknown, Service: Unknown},
	}
	s, err := ReadStats(&in, false)
	require.NoError(t, err)
	require.EqualValues(t, 4, s.Sessions)
	require.EqualValues(t, 1, s.SubAgents)
	require.EqualValues(t, 6, s.Calls)
	require.EqualValues(t, 5100, s.InputTotal)
	require.EqualValues(t, 2560, s.CachedTotal)
	require.EqualValues(t, 226, s.OutputTotal)
	require.InDelta(t, 2560.0/5100, s.PrefixReuse, 1e-12)
	require.Equal(t, Quantiles{P10: 147.2, P25: 158, P50: 176, P75: 194, P90: 204.8, P99: 211.28,
		Mean: 176, Max: 212, N: 2}, round(s.New)) // 140 and 212
	require.Equal(t, 3.0, s.ToolGap.P50)
	require.Equal(t, 8.0, s.UserGap.P50)
	require.Equal(t, 1.5, s.Service.Mean)
	require.Equal(t, 3.0, s.Turns.Max)
	require.Equal(t, 1300.0, s.LastInput.Max)
	require.Equal(t, []Growth{{0, 675, 4}, {1, 1100, 1}, {2, 1300, 1}}, s.Growth)
}

func round(q Quantiles) Quantiles {
	for _, v := range []*float64{&q.P10, &q.P25, &q.P90, &q.P99} {
		*v = float64(int(*v*1000+0.5)) / 1000
	}
	return q
}

func TestStatsOfDrawnSessionsEqualThoseOfTheirCalls(t *testing.T) {
	p := preset(t, "aa-agentperf")
	r := rand.New(rand.NewPCG(1, 2))
	var whole, single Stats
	var s Session
	for i := range 50 {
		p.Draw(r, &s)
		whole.AddSession(&s)
		for _, turn := range s.Turns {
			single.Add(&Call{Session: string(rune('a' + i)), Kind: turn.Kind, Input: int(turn.Input),
				Cached: int(turn.Prefix), Prefix: int(turn.Prefix), Output: int(turn.Output), Gap: float64(turn.Gap), Start: Unknown, Service: Unknown})
		}
	}
	require.Equal(t, single.Summary(), whole.Summary())
}

func TestHistogramQuantilesAgainstSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var h histogram
	var values []float64
	for range 5000 {
		v := int64(1) << r.IntN(40)
		v += r.Int64N(v)
		h.add(v)
		values = append(values, float64(v))
	}
	slices.Sort(values)
	for _, i := range []int{0, 500, 1850, 2500, 4990, 4999} {
		require.InEpsilon(t, values[i], h.quantile(float64(i)/4999), 0.001)
	}
	for _, v := range []int64{0, 1, 4095, 4096, 4097, 8191, 8192, 1 << 40} {
		low, high := bounds(bucketOf(v, subBits), subBits)
		require.LessOrEqual(t, low, v)
		require.GreaterOrEqual(t, high, v)
		require.LessOrEqual(t, float64(high-low), float64(v)/2048)
	}
}
