package units

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever text can be read must be written and read back as the same number,
// and only in its own dimension.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"141GB", "1.5TiB", "800Gb/s", "0.519ns", "6pJ/bit", "1e400W", "1EB", "-.5µs", "e5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		readable := 0
		for dim := memory; dim <= energyPerByte; dim++ {
			value, err := parse(text, dim)
			if err != nil {
				continue
			}
			readable++
			requireRoundTrip(t, value, dim)
		}
		require.LessOrEqual(t, readable, 1, "%q belongs to two dimensions", text)
	})
}

// Every finite number survives being written, in every dimension.
func FuzzMarshal(f *testing.F) {
	for _, v := range []float64{999.9999, 0.1, 1e9 / 3, math.MaxFloat64, math.SmallestNonzeroFloat64, 288 << 30} {
		f.Add(math.Float64bits(v), uint8(0))
	}
	f.Fuzz(func(t *testing.T, pattern uint64, d uint8) {
		value, dim := math.Float64frombits(pattern), dimension(d)%(energyPerByte+1)
		if math.IsNaN(value) || math.IsInf(value, 0) {
			_, err := marshal(value, dim)
			require.Error(t, err)
			return
		}
		requireRoundTrip(t, value, dim)
		shown, err := parse(display(value, dim), dim)
		if err != nil {
			require.Greater(t, math.Abs(value), 1.7e308) // rounding up left the range
			return
		}
		require.InDelta(t, 1, (shown+1e-300)/(value+1e-300), 0.0001)
	})
}

func requireRoundTrip(t *testing.T, value float64, dim dimension) {
	t.Helper()
	text, err := marshal(value, dim)
	require.NoError(t, err)
	back, err := parse(string(text), dim)
	require.NoError(t, err, string(text))
	require.Equal(t, math.Float64bits(value), math.Float64bits(back), string(text))
}
