package scenarios_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// answers evaluates those points of a built-in study that are asked for: by mean
// flows here, as the study does with `make laws`. They are found by what their
// axes are set to.
func answers(t *testing.T, name string) func(settings ...string) *metrics.Result {
	t.Helper()
	p, err := sweep.NewPlan(sweep.Source{Study: configs.Source{Name: name, FS: scenarios.Studies()}, Scenarios: scenarios.FS})
	require.NoError(t, err)
	require.Equal(t, sweep.Analytic, p.Study.Evaluate, "answered at once")
	p.Study.Interval = sweep.NoInterval
	if os.Getenv("AGENTSIM_LAWS") == "" {
		p.Study.Evaluate = sweep.Flows
	}
	e := sweep.NewEvaluator(p, "test")
	known := map[int]*metrics.Result{}
	return func(settings ...string) *metrics.Result {
		t.Helper()
		for i := range p.Len() {
			if !set(p.Point(i).Sets, settings) {
				continue
			}
			if known[i] == nil {
				row, err := e.Row(t.Context(), e.Load(i))
				require.NoError(t, err)
				require.Equal(t, sweep.Done, row.Status, row.Error)
				known[i] = row.Result
			}
			return known[i]
		}
		require.Fail(t, "no such point", "%v", settings)
		return nil
	}
}

// set says whether overrides give these values to some fields.
func set(overrides, values []string) bool {
	for _, want := range values {
		if !slices.ContainsFunc(overrides, func(s string) bool { return strings.HasSuffix(s, "="+want) }) {
			return false
		}
	}
	return true
}

func perMW(r *metrics.Result) float64 { return r.Capacity.PerMW.AcceleratorMeasured }

// "72 accelerators share the experts": width is worth little at 20 tok/s, where
// four are wide enough, and much at 60, unless it leaves the domain.
func TestExpertsOverTheDomain(t *testing.T) {
	at := answers(t, "experts-over-domain")
	require.InEpsilon(t, perMW(at("20tok/s", "4", "72")), perMW(at("20tok/s", "8", "72")), 0.1)
	require.InEpsilon(t, perMW(at("20tok/s", "8", "2")), perMW(at("20tok/s", "16", "72")), 0.1)
	require.Greater(t, perMW(at("60tok/s", "16", "72")), 1.5*perMW(at("60tok/s", "8", "2")))
	require.Greater(t, perMW(at("60tok/s", "16", "72")), 1.5*perMW(at("60tok/s", "16", "8")))
}

// "Communication hides behind compute": worth a few per cent at 20 tok/s, a
// quarter and more at 60.
func TestOverlap(t *testing.T) {
	at := answers(t, "overlap")
	few := perMW(at("megamoe-w4a8", "0", "20tok/s")) / perMW(at("mxfp4-w4a8", "0", "20tok/s"))
	much := perMW(at("megamoe-w4a8", "0", "60tok/s")) / perMW(at("mxfp4-w4a8", "0", "60tok/s"))
	require.Less(t, few, 1.2)
	require.Greater(t, much, 1.25)
	require.Greater(t, perMW(at("mxfp4-w4a8", "0.6", "60tok/s")), perMW(at("mxfp4-w4a8", "0", "60tok/s")))
}

// "Disaggregation holds efficiency as concurrency climbs": from 60 to 20 tok/s
// the split unit stays ahead. With nobody to hurry, at 10, it does not.
func TestDisaggregationUnderLoad(t *testing.T) {
	at := answers(t, "disaggregation-under-load")
	for _, speed := range []string{"60tok/s", "40tok/s", "30tok/s", "20tok/s"} {
		require.Greater(t, perMW(at("disaggregated", speed)), 1.3*perMW(at("aggregated", speed)), speed)
	}
	require.Less(t, perMW(at("disaggregated", "10tok/s")), perMW(at("aggregated", "10tok/s")))
}

// "A generational step and not an increment": between Hopper and Blackwell.
// Within Blackwell, node or rack, the differences are increments.
func TestGenerations(t *testing.T) {
	at := answers(t, "generations")
	require.Greater(t, perMW(at("hgx-b200")), 10*perMW(at("hgx-h200")))
	require.InEpsilon(t, perMW(at("hgx-b200")), perMW(at("gb300-nvl72")), 0.3)
}
