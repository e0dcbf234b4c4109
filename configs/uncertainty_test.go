package configs_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/scenarios"
)

const node = "h200-agentperf-slo20.yaml"

// entry is where the n-th entry of the uncertainty block that scenario lays below
// its file begins, as "s.yaml:LINE:".
func entry(t *testing.T, n int) string {
	t.Helper()
	text, err := scenarios.FS.ReadFile(node)
	require.NoError(t, err)
	return fmt.Sprintf("s.yaml:%d:", strings.Count(string(text), "\n")+1+n)
}

// scenario loads a built-in scenario with an uncertainty block below it.
func scenario(t *testing.T, block string, sets ...string) (*configs.Scenario, *configs.Provenance, error) {
	t.Helper()
	text, err := scenarios.FS.ReadFile(node)
	require.NoError(t, err)
	if block != "" {
		text = append(text, "uncertainty:\n  "+strings.ReplaceAll(block, "\n", "\n  ")+"\n"...)
	}
	return configs.LoadScenario(configs.Source{Text: text, Name: "s.yaml"}, sets)
}

func inputs(t *testing.T, block string, sets ...string) map[string]configs.Input {
	t.Helper()
	s, p, err := scenario(t, block, sets...)
	require.NoError(t, err)
	list, err := s.Inputs(p)
	require.NoError(t, err)
	require.True(t, slices.IsSortedFunc(list, func(a, b configs.Input) int { return strings.Compare(a.Name, b.Name) }))
	byName := map[string]configs.Input{}
	for _, in := range list {
		byName[in.Name] = in
	}
	return byName
}

func powers(in configs.Input) map[string]float64 {
	all := map[string]float64{}
	for _, f := range in.Fields {
		all[f.Field.Path] = f.Power
	}
	return all
}

// An entry of sources is one input, whatever it covers: times by their factor,
// efficiencies against it, sizes not at all.
func TestAFittedFamilyIsOneInput(t *testing.T) {
	all := inputs(t, "")
	gemm := all["kernels.gemm.fp8"]
	require.Equal(t, "fitted", gemm.Basis)
	require.Equal(t, configs.LogNormalSpread, gemm.Kind)
	require.InDelta(t, 1, gemm.Low*gemm.High, 1e-12, "its median is the value in use")
	of := powers(gemm)
	require.Equal(t, 1.0, of["kernels.gemm.fp8.floor"])
	require.Equal(t, -1.0, of["kernels.gemm.fp8.compute_efficiency"])
	require.NotContains(t, of, "kernels.gemm.fp8.exponent")

	curves := powers(all["kernels.experts.marlin-w4a16"])
	require.Equal(t, 1.0, curves["kernels.experts.marlin-w4a16.curves[0].time[0]"])
	require.NotContains(t, curves, "kernels.experts.marlin-w4a16.curves[0].tokens[0]")
	require.NotContains(t, curves, "kernels.experts.marlin-w4a16.dynamic_power", "has an entry of its own")
}

// The mean size of a normal error is sqrt(2/pi) of its standard deviation.
func TestAResidualBecomesALognormal(t *testing.T) {
	in := inputs(t, "")["kernels.efficiency"]
	const mape, z95 = 0.178, 1.6448536
	require.InDelta(t, math.Exp(z95*mape*math.Sqrt(math.Pi/2)), in.High, 1e-6)
}

func TestARangeHasItsModeAtTheValue(t *testing.T) {
	all := inputs(t, "")
	require.Equal(t, configs.LogTriangularSpread, all["engine.host.per_step"].Kind)
	require.Equal(t, 0.67, all["engine.host.per_step"].Low)
	require.Equal(t, configs.TriangularSpread, all["workload.shared_prefix"].Kind, "a range from 0 has no logarithm")
	require.NotContains(t, all, "engine.graphs", "a range of no width is no unknown")
	require.NotContains(t, all, "protocol.ramp", "how much is tried is no unknown")
}

// Turns and growth are one unknown: along the ridge that keeps the mean prompt.
func TestJointInputs(t *testing.T) {
	all := inputs(t, "")
	ridge := powers(all["workload.turns"])
	require.Equal(t, map[string]float64{"workload.turns.median": 1,
		"workload.append_early.parts[0].median": -1, "workload.append_early.parts[1].median": -1,
		"workload.append_late.parts[0].median": -1, "workload.append_late.parts[1].median": -1}, ridge)
	drafts := powers(all["model.acceptance"])
	require.Equal(t, 0.97, drafts["model.acceptance[2]"], "its own power, not 1")
	require.Len(t, powers(all["system.accelerator.power.{busy,per_flop,per_hbm_byte}"]), 7, "one fit, one unknown")
}

func TestWhatIsGivenIsKnown(t *testing.T) {
	all := inputs(t, "", "workload.turns.median=50", "engine.host.per_step=1ms")
	require.NotContains(t, all, "workload.turns", "nor does it move growth any more")
	require.NotContains(t, all, "engine.host.per_step")
	require.Contains(t, all, "workload.append_late")
}

// The scenario's word replaces that of a preset on the same fields.
func TestTheScenarioSaysItself(t *testing.T) {
	all := inputs(t, "workload.output: {kind: uniform, low: 0.9, high: 1.1}\n"+
		"system.accelerator.power.idle: {kind: uniform, low: 100W, high: 200W, source: me}\n"+
		"workload.tool_gap.median: {kind: triangular, low: 500ms, high: 2s}\n"+
		"engine.efficiency: {kind: lognormal, low: 0.8, high: 1.2, absolute: true}\n"+
		"faster cards: {kind: loguniform, low: 0.5, high: 2, scales: {system.accelerator.compute: 1, system.accelerator.hbm.bandwidth: 0.5}}")
	require.Equal(t, 1.1, all["workload.output"].High)
	idle := all["system.accelerator.power.idle"]
	require.True(t, idle.Absolute)
	require.Equal(t, 100.0, idle.Low)
	require.Equal(t, 126.0, idle.Neutral())
	require.Equal(t, "150W", idle.Text(150))
	require.Equal(t, entry(t, 2)+"3", idle.At.String())
	require.Equal(t, 0.5, all["workload.tool_gap.median"].Low)
	require.True(t, all["engine.efficiency"].Absolute)
	joint := powers(all["faster cards"])
	require.Equal(t, 0.5, joint["system.accelerator.hbm.bandwidth"])
	require.Equal(t, 1.0, joint["system.accelerator.compute.fp8"])
	require.NotContains(t, powers(all["system.accelerator.power"]), "system.accelerator.power.idle", "taken")
}

// Every fault is one error with file, line and column.
func TestUncertaintyThatCannotBe(t *testing.T) {
	first := entry(t, 1)
	for _, c := range []struct{ block, want string }{
		{"workload.outptu: {kind: uniform, low: 1, high: 2}", first + "3: uncertainty.workload.outptu: unknown key, did you mean output?"},
		{"workload.profile: {kind: uniform, low: 1, high: 2}", "no number stands here"},
		{"engine.efficiency: {kind: normal, low: 1, high: 2}", first + "29: uncertainty.engine.efficiency.kind normal: unknown kind"},
		{"engine.efficiency: {low: 1, high: 2}", "unknown kind"},
		{"engine.efficiency: {kind: uniform, high: 2}", "uncertainty.engine.efficiency.low: is missing"},
		{"engine.efficiency: {kind: uniform, low: 2, high: 1}", "is below low"},
		{"engine.efficiency: {kind: loguniform, low: 0, high: 1}", "loguniform wants more than 0"},
		{"engine.efficiency: {kind: uniform, low: -1, high: 1}", "a factor is 0 or more"},
		{"engine.efficiency: {kind: triangular, low: 1.1, high: 2}", "does not hold the value in use"},
		{"engine.efficiency: {kind: uniform, low: nan, high: 1}", "want a finite number"},
		{"engine.efficiency: {kind: uniform, low: 1, high: 2, width: 3}", "unknown key"},
		{"engine.host.per_step: {kind: uniform, low: 1W, high: 2W}", first + "46: uncertainty.engine.host.per_step.low 1W: want a factor, or a value as that of engine.host.per_step, 300us"},
		{"engine.host.per_step: {kind: uniform, low: 1ms, high: 2}", "want two factors, or two values"},
		{"workload.append_late: {kind: uniform, low: 100, high: 200, absolute: true}", "is a value, but moves 2 fields"},
		{"x: {kind: uniform, low: 1, high: 2, scales: {engine.eficiency: 1}}", "did you mean efficiency?"},
		{"x: {kind: uniform, low: 1, high: 2, scales: {engine.efficiency: lots}}", "want a plain number"},
		{"x: {kind: uniform, low: 1, high: 2}", "unknown key"},
		{"engine.efficiency: 3", "want a mapping"},
		{"x: {kind: uniform, low: 1, high: 2, scales: {engine.host.per_step: 1}}\nengine.host.per_step: {kind: uniform, low: 1ms, high: 2ms}",
			"engine.host.per_step is also uncertain by x: want factors in both"},
	} {
		_, _, err := scenario(t, c.block)
		require.ErrorContains(t, err, c.want, c.block)
		var fault *configs.Error
		require.True(t, errors.As(err, &fault), c.block)
		require.Regexp(t, "^("+first+"|"+entry(t, 2)+")", err.Error())
	}
}

// Draws are laid into a copy; factors on one field multiply.
func TestWith(t *testing.T) {
	s, p, err := scenario(t, "")
	require.NoError(t, err)
	list, err := s.Inputs(p)
	require.NoError(t, err)
	before := configs.Digest(*s)
	draws := make([]float64, len(list))
	for i := range list {
		draws[i] = list[i].Neutral()
	}
	same, err := s.With(p, list, draws)
	require.NoError(t, err)
	require.Equal(t, before, configs.Digest(*same), "nothing drawn, nothing changed")
	for i := range list {
		switch list[i].Name {
		case "workload.turns", "workload.append_late", "kernels.gemm.fp8":
			draws[i] = 1.25
		}
	}
	drawn, err := s.With(p, list, draws)
	require.NoError(t, err)
	require.Equal(t, before, configs.Digest(*s), "the scenario stays as it was")
	require.InDelta(t, 1.25*33, drawn.Workload.Synthetic.Turns.Median, 1e-9)
	require.InDelta(t, s.Workload.Synthetic.AppendLate.Parts[1].Median, drawn.Workload.Synthetic.AppendLate.Parts[1].Median, 1e-9)
	require.InDelta(t, s.Workload.Synthetic.AppendEarly.Parts[1].Median/1.25, drawn.Workload.Synthetic.AppendEarly.Parts[1].Median, 1e-9)
	was, is := s.Kernels.GEMM["fp8"], drawn.Kernels.GEMM["fp8"]
	require.InDelta(t, 1.25*float64(was.Floor), float64(is.Floor), 1e-15)
	require.InDelta(t, was.MemoryEfficiency/1.25, is.MemoryEfficiency, 1e-12)

	loaded, _, err := scenario(t, "", fmt.Sprintf("workload.turns.median=%v", 33*1.25))
	require.NoError(t, err)
	require.Equal(t, loaded.Workload.Synthetic.Turns, drawn.Workload.Synthetic.Turns, "as an override would")
}

// A draw that cannot be names the place of what was changed.
func TestWithChecks(t *testing.T) {
	s, p, err := scenario(t, "engine.memory.utilisation: {kind: uniform, low: 0.9, high: 1.2}")
	require.NoError(t, err)
	list, err := s.Inputs(p)
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(in configs.Input) bool { return in.Name == "engine.memory.utilisation" })
	_, err = s.With(p, list[i:i+1], []float64{1.2})
	var fault *configs.Error
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "engine.memory.utilisation", fault.Path)
	require.ErrorContains(t, list[i].OutOfDomain(1.2, fault), entry(t, 1)+"3: engine.memory.utilisation: 1.2, an end of its range, leaves what is possible")
}
