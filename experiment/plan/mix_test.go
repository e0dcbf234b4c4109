package plan

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/metrics"
)

func unitOfAgents(agents, mw float64) *Unit {
	return &Unit{PlanUnit: metrics.PlanUnit{Agents: agents, FacilityMW: mw}, System: "s", accelerators: 8,
		agents: metrics.Quantiles{P10: agents / 2, P50: agents, P90: 2 * agents}}
}

// By hand: 100 agents a unit of the first, 50 of the second, 0.1 MW each, shares
// of 0.5 and 0.5: 200 agents need 1 and 2 units; in 1 MW fit 10, and 600 agents
// on 3 and 6 of them leave one that helps nobody.
func TestAMixedFleetByHand(t *testing.T) {
	classes := []Class{{"a", 0.5, unitOfAgents(100, 0.1)}, {"b", 0.5, unitOfAgents(50, 0.1)}}
	o, err := Mix(classes, Budget{MW: 1, Boundary: Facility}, Spares{})
	require.NoError(t, err)
	require.Equal(t, []int{3, 6}, []int{o.Classes[0].Units, o.Classes[1].Units})
	require.InDelta(t, 600, o.Agents.P50, 1e-9)
	require.InDelta(t, 300, o.Agents.P10, 1e-9)
	require.Equal(t, 9, o.Units)
	require.Zero(t, o.SpareUnits)
	require.InDelta(t, 0.1, o.Headroom, 1e-9)

	o, err = Mix(classes, Budget{Units: 10, Boundary: Facility}, Spares{Extra: 1})
	require.NoError(t, err)
	require.Equal(t, 1, o.SpareUnits)
	require.Equal(t, 10, o.Units)
	o, err = Mix(classes, Budget{Units: 10, Boundary: Facility}, Spares{Half: true})
	require.NoError(t, err)
	require.Equal(t, o.SpareUnits, o.Units-o.SpareUnits)

	_, err = Mix(classes, Budget{Units: 1, Boundary: Facility}, Spares{})
	require.True(t, TooSmall(err), "%v", err)
}

func TestSharesAreChecked(t *testing.T) {
	require.ErrorContains(t, CheckShares([]Class{{Name: "a", Share: 0.7}, {Name: "b", Share: 0.4}}), "sum to 1.1: want 1")
	require.ErrorContains(t, CheckShares([]Class{{Name: "a", Share: -1}, {Name: "b", Share: 2}}), "share of a: -1")
	require.NoError(t, CheckShares([]Class{{Name: "a", Share: 0.7}, {Name: "b", Share: 0.3}}))
}

// Whatever the classes: the budget holds, everybody has room, and one more agent
// for every unit would not fit.
func TestLawsOfMixedFleets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Float64Range(0.05, 0.95).Draw(t, "share")
		classes := []Class{
			{"a", first, unitOfAgents(rapid.Float64Range(2, 500).Draw(t, "a"), 0.1)},
			{"b", 1 - first, unitOfAgents(rapid.Float64Range(2, 500).Draw(t, "b"), 0.05)},
		}
		b := Budget{MW: rapid.Float64Range(0.5, 20).Draw(t, "mw"), Boundary: Facility}
		spares := Spares{Extra: rapid.IntRange(0, 2).Draw(t, "extra")}
		o, err := Mix(classes, b, spares)
		require.NoError(t, err)
		require.LessOrEqual(t, o.MW, b.MW)
		require.Equal(t, spares.Extra, o.SpareUnits)
		served := math.Inf(1)
		for i, c := range o.Classes {
			served = min(served, float64(c.Units)*classes[i].Unit.agents.P50/c.Share)
		}
		require.InEpsilon(t, served, o.Agents.P50, 1e-9)
		require.Nil(t, b.divide(classes, math.Floor(served)+2, spares), "more would not fit")
	})
}
