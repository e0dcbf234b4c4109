package experiment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
)

// Energy is the sum of its parts, however it is cut: by component, by pool, by
// what accelerators do, and over time.
func TestEnergyIsTheSumOfItsParts(t *testing.T) {
	for _, s := range []string{"h200-agentperf-slo20", "gb300-agentperf-slo20"} {
		r, err := experiment.Run(context.Background(), scenario(t, s, "protocol=steady-state", "protocol.mser5=false"), 40,
			experiment.Options{})
		require.NoError(t, err)
		p := &r.Power
		sum := func(m map[string]float64) (total float64) {
			for _, v := range m {
				total += v
			}
			return total
		}
		require.InEpsilon(t, p.ITW, sum(p.ByComponent), 1e-9)
		require.InEpsilon(t, p.AcceleratorW, sum(p.ByPool), 1e-9)
		require.InEpsilon(t, p.AcceleratorW, p.AcceleratorParts.IdleW+p.AcceleratorParts.ActiveW+p.AcceleratorParts.WorkW, 1e-9)

		require.Len(t, p.Series, 60)
		var accelerator, cpu, facility, seconds float64
		for i, at := range p.Series {
			require.InEpsilon(t, at.IT, at.Accelerator+at.CPU+at.Host+at.Switch+at.Fans+at.Conversion, 1e-9)
			if i > 0 {
				require.Equal(t, p.Series[i-1].ToS, at.FromS, "without a gap")
			}
			accelerator += at.Accelerator * (at.ToS - at.FromS)
			cpu += at.CPU * (at.ToS - at.FromS)
			facility += at.Facility * (at.ToS - at.FromS)
			seconds += at.ToS - at.FromS
		}
		require.InEpsilon(t, p.AcceleratorW*seconds, accelerator, 1e-9)
		require.InEpsilon(t, p.ByComponent["cpu"]*seconds, cpu, 1e-9)
		require.InEpsilon(t, p.FacilityW*seconds, facility, 1e-9)

		require.InEpsilon(t, p.FacilityW, r.Energy.Facility.TurnJ*r.Metrics.TurnsPerS, 1e-9)
		require.InEpsilon(t, p.ITW, r.Energy.IT.MillionOutputTokensJ*r.Metrics.OutputTokS/1e6, 1e-9)
		turns := r.Energy.IT.SessionJ / r.Energy.IT.TurnJ
		require.InDelta(t, 36, turns, 6, "turns of a mean session")
		require.Nil(t, r.Cost)
	}
}
