package plotting

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However short or long an axis is, and wherever it lies, three different numbers
// stand at it, each where it belongs.
func TestEveryAxisHasThreeNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := math.Pow(10, rapid.Float64Range(-6, 9).Draw(t, "log of the low end"))
		high := low * math.Pow(10, rapid.Float64Range(0.001, 12).Draw(t, "decades"))
		axis := Ticks{Log: rapid.Bool().Draw(t, "log")}
		if !axis.Log && rapid.Bool().Draw(t, "from zero") {
			low = 0
		}
		labels := map[string]bool{}
		for _, tick := range axis.Ticks(low, high) {
			require.GreaterOrEqual(t, tick.Value, low)
			require.LessOrEqual(t, tick.Value, high)
			if tick.Label != "" {
				labels[tick.Label] = true
			}
		}
		require.GreaterOrEqual(t, len(labels), 3)
		require.LessOrEqual(t, len(labels), 12)
	})
}
