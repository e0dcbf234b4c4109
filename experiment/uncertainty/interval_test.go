package uncertainty_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// quantities is an accuracy with one error for all stacks.
func quantities(centre, spread float64) *configs.Accuracy {
	q := func(of string, centre, spread float64) configs.Quantity {
		return configs.Quantity{Of: of, Rows: 9, Centre: centre, Error: spread, Levels: make([]float64, 5), Seen: 1.2816,
			Unseen: 1.2816}
	}
	return &configs.Accuracy{Quantities: []configs.Quantity{q("any.decode", centre, spread), q("any.watts", 0, 0),
		q("agents.decode", centre, spread), q("agents.hit", 0.1, 0.1)}}
}

// few makes sessions short, which every draw looks at by the hundred.
const few = "workload.turns.median=5"

func bounded(t *testing.T, name string, a *configs.Accuracy, parts bool) *metrics.ModelInterval {
	t.Helper()
	s, p, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, []string{few})
	require.NoError(t, err)
	r, err := analytic.Capacity(s)
	require.NoError(t, err)
	m, err := uncertainty.Interval(context.Background(), &uncertainty.Scenario{Scenario: s, Provenance: p}, r, a,
		uncertainty.IntervalOptions{Parts: parts})
	require.NoError(t, err)
	return m
}

// Steps that are predicted too short by a fifth hold fewer agents, and what is
// known less well spreads wider. On a node whose caches are at their edge mean
// flows jump with a hundredth of a step's time; on this one they do not.
func TestAnIntervalFollowsTheErrorsOfTheStack(t *testing.T) {
	known := bounded(t, "b300-agentperf-slo20", quantities(0, 0.01), true)
	slow := bounded(t, "b300-agentperf-slo20", quantities(-0.4, 0.01), false)
	wide := bounded(t, "b300-agentperf-slo20", quantities(0, 0.5), true)
	require.Equal(t, uncertainty.IntervalDraws, known.Draws)
	require.Less(t, slow.Agents.P50, known.Agents.P50)
	require.InEpsilon(t, math.Exp(0.4), slow.Stack.Slower, 1e-9)
	stack := func(m *metrics.ModelInterval) float64 { return m.Parts[0].PerMW.P90 / m.Parts[0].PerMW.P10 }
	require.Equal(t, "stack", known.Parts[0].Part)
	require.Less(t, stack(known), 1.2)
	require.Greater(t, stack(wide), 1.3)
	var names []string
	for _, p := range known.Parts {
		names = append(names, p.Part)
		require.LessOrEqual(t, p.PerMW.P10, p.PerMW.P90)
	}
	require.Equal(t, []string{"stack", "kernels", "workload", "cache policy", "structure"}, names)
	require.Equal(t, known, bounded(t, "b300-agentperf-slo20", quantities(0, 0.01), true), "the same draws every time")
}

// In the middle of what the errors of the model leave open, a unit of GB300 holds
// more agents per megawatt than a node of B300, and that more than one of H200.
func TestNewerGenerationsHoldMoreInTheMiddle(t *testing.T) {
	known, err := configs.PublicAccuracy()
	require.NoError(t, err)
	per := func(name string) float64 {
		return bounded(t, name, known, false).PerMW.AcceleratorMeasured.P50
	}
	b300 := per("b300-agentperf-slo20")
	require.Greater(t, per("gb300-agentperf-slo20"), b300)
	require.Greater(t, b300, per("h200-agentperf-slo20"))
}

// What two answers do not know alike cancels in their ratio.
func TestARatioSharesWhatIsNotKnown(t *testing.T) {
	m := bounded(t, "h200-agentperf-slo20", quantities(0, 0.3), false)
	q := uncertainty.Ratio(m, m)
	require.Equal(t, metrics.Quantiles{P10: 1, P50: 1, P90: 1}, *q)
	require.Nil(t, uncertainty.Ratio(m, nil))
}

// A run's figures lie where public runs put them: times by the factor, hits by
// the difference and within 0 and 1.
func TestFiguresOfARun(t *testing.T) {
	s, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, nil)
	require.NoError(t, err)
	r := &metrics.Result{Metrics: metrics.Figures{TPOTP50MS: 10, PrefixHitRate: 0.99}}
	f := uncertainty.Figures(s, r, quantities(-0.2, 0.1))
	require.InEpsilon(t, 10*math.Exp(0.2), f["tpot_p50_ms"].P50, 1e-9)
	require.InEpsilon(t, math.Exp(2*0.1*1.2816), f["tpot_p50_ms"].P90/f["tpot_p50_ms"].P10, 1e-9)
	require.InDelta(t, 0.89, f["prefix_hit_rate"].P50, 1e-9)
	require.LessOrEqual(t, f["prefix_hit_rate"].P90, 1.)
	require.NotContains(t, f, "ttft_p50_s", "nothing is known")
}

// Steps from beyond the tables of their operators are known less well.
func TestExtrapolatedStepsWidenAnInterval(t *testing.T) {
	s, p, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, []string{few})
	require.NoError(t, err)
	r, err := analytic.Capacity(s)
	require.NoError(t, err)
	width := func() float64 {
		m, err := uncertainty.Interval(context.Background(), &uncertainty.Scenario{Scenario: s, Provenance: p}, r,
			quantities(0, 0.01), uncertainty.IntervalOptions{Parts: true})
		require.NoError(t, err)
		return m.Parts[0].PerMW.P90 / m.Parts[0].PerMW.P10
	}
	inside := width()
	r.Extrapolated = 0.5
	require.Greater(t, width(), 1.1*inside)
	r.Metrics.TPOTP50MS = 10
	f := uncertainty.Figures(s, r, quantities(0, 0))
	require.InEpsilon(t, math.Exp(2*0.5), f["tpot_p50_ms"].P90/f["tpot_p50_ms"].P10, 1e-9)
}

// A band of drafts is in the interval, once: the range of the preset is left out.
func TestUnknownDraftsWidenAnInterval(t *testing.T) {
	interval := func(set string) *metrics.ModelInterval {
		s, p, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, []string{set, few})
		require.NoError(t, err)
		r, err := new(analytic.Solver).Capacity(context.Background(), s)
		require.NoError(t, err)
		if r.Drafts != nil { // a band of a factor of two, whatever was found
			r.Drafts.Capacity.PerMW.AcceleratorMeasured = metrics.Quantiles{P10: 0.7, P50: 1, P90: 1.4}
		}
		m, err := uncertainty.Interval(context.Background(), &uncertainty.Scenario{Scenario: s, Provenance: p}, r,
			quantities(0, 0.01), uncertainty.IntervalOptions{Parts: true})
		require.NoError(t, err)
		return m
	}
	known := interval("deployment.aggregated.draft={depth: 3, accepted_length: 2.49}")
	unknown := interval("deployment.aggregated.draft={depth: 3, accepted_length: unknown}")
	part := unknown.Parts[len(unknown.Parts)-1]
	require.Equal(t, "drafts", part.Part)
	require.InEpsilon(t, 2, part.PerMW.P90/part.PerMW.P10, 0.1)
	require.NotEqual(t, "drafts", known.Parts[len(known.Parts)-1].Part)
	require.Equal(t, known.Parts[4].Inputs-1, unknown.Parts[4].Inputs, "the range of the preset's acceptance is left out")
}
