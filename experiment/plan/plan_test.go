package plan

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/metrics"
)

// Two units, each there for nine tenths of the time: both are for 0.81, at least
// one for 0.99.
func TestUnitsInServiceAreBinomial(t *testing.T) {
	s := Spares{MTBF: 90, Repair: 10}
	require.InDelta(t, 0.19, shareBelow(2, 2, s), 1e-12)
	require.InDelta(t, 0.01, shareBelow(2, 1, s), 1e-12)
	s.Availability = 0.95
	require.Equal(t, 1, serving(2, s))
	s.Availability = 0.8
	require.Equal(t, 2, serving(2, s))
	s.Availability = 0.995
	require.Zero(t, serving(2, s), "even one is not there often enough")
	require.Equal(t, 7, serving(7, Spares{}), "units that do not fail need no spares")
}

func TestSparesLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "units")
		s := Spares{MTBF: rapid.Float64Range(1, 1e4).Draw(t, "mtbf"), Repair: rapid.Float64Range(0.1, 500).Draw(t, "repair"),
			Availability: rapid.Float64Range(0, 0.9999).Draw(t, "availability")}
		k := serving(n, s)
		require.LessOrEqual(t, shareBelow(n, k, s), 1-s.Availability+1e-9)
		if k < n {
			require.Greater(t, shareBelow(n, k+1, s), 1-s.Availability)
		}
		require.InDelta(t, 1, shareBelow(n, n+1, s), 1e-6, "fewer than all and one is certain")
	})
}

func TestABudgetHoldsWholeUnits(t *testing.T) {
	u := &metrics.PlanUnit{AcceleratorMW: 0.1, ITMW: 0.15, FacilityMW: 0.2, Hour: 30}
	require.Equal(t, 4, affordable(u, Budget{MW: 0.99, Boundary: Facility}))
	require.Equal(t, 6, affordable(u, Budget{MW: 0.99, Boundary: IT}))
	require.Equal(t, 9, affordable(u, Budget{MW: 0.99, Boundary: Accelerator}))
	require.Equal(t, 3, affordable(u, Budget{Money: 100}))
	require.Equal(t, 12, affordable(u, Budget{Units: 12}))
	require.Zero(t, affordable(u, Budget{MW: 0.1, Boundary: Facility}))
	for want, b := range map[string]Budget{"one of --mw, --racks and --money": {Boundary: IT}, "accelerator, it or facility": {MW: 1},
		"megawatts above 0": {MW: -1, Boundary: IT}} {
		require.ErrorContains(t, b.Validate(), want)
	}
	require.ErrorContains(t, Spares{Availability: 1}.Validate(), "a share below 1")
	require.ErrorContains(t, Spares{Availability: 0.9}.Validate(), "which an availability needs")
}
