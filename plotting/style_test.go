package plotting

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTicksReadAsPeopleWriteNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 250: "250", 0.5: "0.5", 0.30000000000000004: "0.3", 1500: "1.5k",
		120000: "120k", 2e6: "2M", -5000: "-5k"} {
		require.Equal(t, want, Short(v))
	}
	for _, tick := range (Ticks{}).Ticks(0, 150000) {
		require.Contains(t, []string{"", "0", "50k", "100k", "150k"}, tick.Label)
	}
}
