package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
	"agentsim/report"
)

func uncertain() *metrics.Result {
	at := func(factor, agents float64) metrics.Setting {
		return metrics.Setting{Factor: factor, Answer: metrics.Answer{Agents: agents, PerAccelerator: agents / 10,
			PerMW: metrics.PerMW{AcceleratorMeasured: 100 * agents}}}
	}
	u := &metrics.Uncertainty{Draws: 64, EvaluatedBy: "analytic", Inputs: 2, Idle: 7, Infeasible: 0.25,
		PerAccelerator: metrics.Quantiles{P10: 4, P50: 9, P90: 13},
		Tornado: []metrics.Swing{
			{Input: "workload.output", Basis: "published", Low: at(0.5, 140), High: at(2, 60), RankPerMW: -0.8},
			{Input: "engine.efficiency", Basis: "fitted", Low: at(0.9, 90), High: at(1.1, 95)}},
		Targets: []metrics.Target{{Metric: "agents_per_accelerator", Value: 5, Predicted: 10, Inside: true, Below: 0.2,
			Needs: []metrics.Need{
				{Input: "workload.output", Reached: true, Factor: 1.8, Value: "270", Percentile: 93, Inside: true, Gives: 5, Low: 0.5, High: 2},
				{Input: "engine.efficiency", Reached: true, Factor: 0.4, Gives: 4, Low: 0.8, High: 1.1},
				{Input: "kernels.small", Factor: 3, Gives: 8, Low: 0.5, High: 2}}}}}
	u.PerMW.AcceleratorMeasured = metrics.Quantiles{P10: 4000, P50: 9000, P90: 13000}
	return &metrics.Result{Scenario: "made", Uncertainty: u, Capacity: &metrics.Capacity{Agents: 100, Accelerators: 10,
		PerAccelerator: 10, PerMW: metrics.PerMW{AcceleratorMeasured: 10000}}}
}

func TestUncertaintyTable(t *testing.T) {
	var b strings.Builder
	require.NoError(t, report.Table(&b, uncertain(), report.Style{}))
	for _, want := range []string{
		"64 draws of 2 inputs (7 more change no figure), by the analytic model's ratios",
		"25 % of the draws serve no agent and count as 0",
		"target agents_per_accelerator 5 (0.5 of the simulated 10): inside P10 to P90; 20 % of the draws lie below",
		"outside, jumps to 4", "cannot: nearest is 8",
	} {
		require.Contains(t, b.String(), want)
	}
	require.Regexp(t, `workload.output +published +0.5, 2 +14, 6 +\+0.00 +14,000, 6,000 +-0.80`, b.String())
	require.Regexp(t, `workload.output +1.8 +270 +0.5 to 2 +93 +inside`, b.String())
}

// The same result gives the same bytes; a figure of nothing is an error.
func TestTornado(t *testing.T) {
	for _, format := range []string{"svg", "png"} {
		first, err := report.Tornado(uncertain(), format)
		require.NoError(t, err)
		second, err := report.Tornado(uncertain(), format)
		require.NoError(t, err)
		require.Equal(t, first, second)
	}
	text, err := report.Tornado(uncertain(), "svg")
	require.NoError(t, err)
	for _, want := range []string{"workload.output", "× 0.5, 2", "14,000", "all 2 inputs, P10 to P90 of 64 draws", "9, 9.5"} {
		require.Contains(t, string(text), want)
	}
	_, err = report.Tornado(&metrics.Result{}, "png")
	require.Error(t, err)
	_, err = report.Tornado(uncertain(), "gif")
	require.Error(t, err)
}
