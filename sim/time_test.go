package sim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFromSeconds(t *testing.T) {
	for _, c := range []struct {
		seconds float64
		want    Time
	}{
		{0, 0},
		{1, Second},
		{0.0355, 35_500 * Microsecond},
		{1.4e-9, 1},
		{1.5e-9, 2},
		{1e-12, 1}, // work lasts at least a tick
		{math.SmallestNonzeroFloat64, 1},
		{9e9, 9_000_000_000 * Second},
	} {
		got, err := FromSeconds(c.seconds)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%v s", c.seconds)
		require.Equal(t, c.want, Ticks(c.seconds))
	}
}

func TestFromSecondsRefusesWhatIsNoSpan(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1e-300, -1, 1e10, math.MaxFloat64} {
		_, err := FromSeconds(bad)
		require.ErrorContains(t, err, "sim: ", "%v s", bad)
		require.Panics(t, func() { Ticks(bad) }, "%v s", bad)
	}
}

func TestSecondsUndoesFromSeconds(t *testing.T) {
	for _, seconds := range []float64{0, 1e-9, 0.25, 3.141592653, 86400} {
		require.InDelta(t, seconds, Ticks(seconds).Seconds(), 0.5e-9)
	}
	require.Equal(t, "1.5s", (1500 * Millisecond).String())
}
