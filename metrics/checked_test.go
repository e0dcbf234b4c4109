package metrics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestWhatWasCheckedSaysHowFarEstimatesAreOff(t *testing.T) {
	c := metrics.NewChecked([]float64{12, 80, 0, 7, 30}, []float64{10, 100, 5, 0, 30})
	require.Equal(t, 3, c.Answers, "both serve somebody")
	require.InEpsilon(t, 0.2, c.Off, 1e-9)
	require.InEpsilon(t, 0.2, c.Most, 1e-9)
	require.Nil(t, metrics.NewChecked([]float64{0}, []float64{1}))
}
