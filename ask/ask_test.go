package ask_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/scenarios"
)

const node = "h200-agentperf-slo20"

// An answer is the library's, to the digit, whichever door it comes through.
func TestEstimateIsTheAnalyticModel(t *testing.T) {
	s, _, err := configs.LoadScenario(configs.Source{Name: node, FS: scenarios.FS}, nil)
	require.NoError(t, err)
	want, err := new(analytic.Solver).Flows(s)
	require.NoError(t, err)
	text := `{"yaml": "name: mine\nextends: ` + node + `\n"}`
	got, err := ask.Methods()["estimate"](t.Context(), &ask.Desk{Version: "v"}, []byte(text), nil)
	require.NoError(t, err)
	answer := got.(*ask.Answer)
	require.Equal(t, want.Capacity, answer.Capacity)
	require.Equal(t, "hgx-h200", answer.Inputs.System)
	require.Equal(t, "v", answer.Version)
}

// What is wrong is told with its place, as the command line tells it.
func TestFaultsHaveTheirPlace(t *testing.T) {
	desk := &ask.Desk{}
	_, err := desk.Estimate(t.Context(), &ask.EstimateQuestion{Question: ask.Question{
		YAML: "name: x\nextends: " + node + "\nmodel: deepseek-v5-pro\ndeployment: {aggregated: {workers: many}}\n"}})
	f := ask.FailureOf(err)
	require.Equal(t, ask.KindScenario, f.Kind)
	require.NotEmpty(t, f.Faults)
	require.Equal(t, 3, f.Faults[0].Line)
	require.Contains(t, f.Faults[0].Problem, "did you mean deepseek-v4-pro?")
	require.Contains(t, f.Message, "scenario.yaml:3:")
}

// A question reads no file of the machine, by whatever field it names one.
func TestNoFileIsRead(t *testing.T) {
	for _, yaml := range []string{
		"name: x\nextends: /etc/hostname\n",
		"name: x\nextends: ../../secret.yaml\n",
		"name: x\nextends: " + node + "\nmodel: /etc/passwd\n",
		"name: x\nextends: " + node + "\nworkload: {trace: /etc/passwd}\n",
		"name: x\nextends: " + node + "\ndeployment: {experts: {popularity: {kind: histogram, file: /etc/passwd}}}\n",
	} {
		_, err := (&ask.Desk{}).Estimate(t.Context(), &ask.EstimateQuestion{Question: ask.Question{YAML: yaml}})
		require.ErrorContains(t, err, "files", yaml)
		require.NotContains(t, err.Error(), "root:", yaml)
	}
	_, err := (&ask.Desk{}).TraceStats(&ask.TraceQuestion{Paths: []string{"/etc/passwd"}})
	require.ErrorContains(t, err, "files are not read here")
	_, err = (&ask.Desk{}).Table(&ask.TableQuestion{Path: "/etc/passwd"})
	require.ErrorContains(t, err, "files are not read here")
	allowed := &ask.Desk{Allow: func(path string) error { return errors.New("only below here") }}
	_, err = allowed.Estimate(t.Context(), &ask.EstimateQuestion{Question: ask.Question{
		YAML: "name: x\nextends: " + node + "\nworkload: {trace: /etc/passwd}\n"}})
	require.ErrorContains(t, err, "only below here")
}

func TestQuestionsAreBounded(t *testing.T) {
	desk := &ask.Desk{}
	load := func(q ask.Question) error {
		_, err := desk.Estimate(t.Context(), &ask.EstimateQuestion{Question: q})
		return err
	}
	require.ErrorContains(t, load(ask.Question{}), "missing")
	require.ErrorContains(t, load(ask.Question{Scenario: node, YAML: "a"}), "want one of them")
	require.ErrorContains(t, load(ask.Question{YAML: strings.Repeat("#", 300<<10)}), "want at most")
	require.ErrorContains(t, load(ask.Question{Scenario: node, Set: make([]string, 1000)}), "want at most")
	_, err := ask.Methods()["estimate"](t.Context(), desk, []byte(`{"scenaro": "x"}`), nil)
	require.ErrorContains(t, err, `unknown field "scenaro"`)
	_, err = ask.Methods()["estimate"](t.Context(), desk, []byte(`{} {}`), nil)
	require.ErrorContains(t, err, "follows")
	_, err = desk.Preset(&ask.PresetQuestion{Kind: "systems", Name: "gb300-nvl7"})
	require.ErrorContains(t, err, "did you mean gb300-nvl72?")
}

// A text keeps what stands in it; the field reads back as it was set.
func TestEdit(t *testing.T) {
	const text = "# mine\nname: a\nengine: vllm-2026-06 # as shipped\ndeployment:\n  mode: aggregated\n" +
		"  aggregated: {workers: 1, accelerators: 8, tp: 8}\nslo: {output_speed: {p25: 20tok/s}}\n"
	for _, test := range []struct{ path, value, from, to string }{
		{"name", "b", "name: a", "name: b"},
		{"deployment.aggregated.workers", "2", "workers: 1,", "workers: 2,"},
		{"deployment.aggregated.tp", "4", "tp: 8}", "tp: 4}"},
		{"deployment.aggregated.ep", "8", "{workers: 1", "{ep: 8, workers: 1"},
		{"deployment.aggregated.workers", "", "{workers: 1, acc", "{acc"},
		{"deployment.aggregated.tp", "", ", tp: 8}", "}"},
		{"deployment.router", "round-robin", "  mode: aggregated\n", "  router: round-robin\n  mode: aggregated\n"},
		{"deployment.mode", "", "  mode: aggregated\n", ""},
		{"engine", "trtllm", "engine: vllm-2026-06 #", "engine: trtllm #"},
		{"engine.memory.utilisation", "0.9", "engine: vllm-2026-06 #", "engine: {preset: vllm-2026-06, memory: {utilisation: 0.9}} #"},
		{"slo.output_speed.p25", "30tok/s", "20tok/s", "30tok/s"},
		{"slo.ttft.p95", "5s", "slo: {", "slo: {ttft: {p95: 5s}, "},
		{"model", "deepseek-v4-pro", "20tok/s}}\n", "20tok/s}}\nmodel: deepseek-v4-pro\n"},
		{"workload.profile", "swe-mini", "20tok/s}}\n", "20tok/s}}\nworkload: {profile: swe-mini}\n"},
		{"protocol", "", "", ""},
	} {
		e, err := (&ask.Desk{}).Edit(&ask.EditQuestion{YAML: text, Path: test.path, Value: test.value})
		require.NoError(t, err, test.path)
		require.Equal(t, strings.Replace(text, test.from, test.to, 1), e.YAML, "%s: %s", test.path, test.value)
	}
	e, err := (&ask.Desk{}).Edit(&ask.EditQuestion{YAML: "", Path: "system", Value: "hgx-h200"})
	require.NoError(t, err)
	require.Equal(t, "system: hgx-h200\n", e.YAML)
	for _, bad := range []ask.EditQuestion{
		{YAML: text, Path: "a: b", Value: "1"},
		{YAML: text, Path: "name", Value: "x\ny: 1"},
		{YAML: text, Path: "name", Value: "{"},
		{YAML: text, Path: "name..x", Value: "1"},
		{YAML: "a: [", Path: "name", Value: "1"},
		{YAML: "- a\n", Path: "name", Value: "1"},
	} {
		_, err := (&ask.Desk{}).Edit(&bad)
		require.Error(t, err, "%+v", bad)
	}
}

func FuzzEdit(f *testing.F) {
	f.Add("name: a\nengine: x\n", "engine.version", "1")
	f.Add("a: {b: c}\n", "a.b", "2")
	f.Add("a: {}\n", "a.d", "2")
	f.Add("a:\n- b\n", "a", "")
	f.Add("&x a: *x\n", "a.b", "[1, 2]")
	f.Fuzz(func(_ *testing.T, yaml, path, value string) {
		_, _ = (&ask.Desk{}).Edit(&ask.EditQuestion{YAML: yaml, Path: path, Value: value})
	})
}

// A run that is watched is the run; its recording adds up to its agents.
func TestPlayback(t *testing.T) {
	q := &ask.RunQuestion{Question: ask.Question{Scenario: node, Set: []string{"protocol=steady-state",
		"protocol.calls_min=100", "protocol.duration=30s", "protocol.warmup=10s"}}, Agents: 6}
	plain, err := (&ask.Desk{}).Run(t.Context(), q, nil)
	require.NoError(t, err)
	q.Playback, q.PlaybackFrom = 30, 5
	watched, err := (&ask.Desk{}).Run(t.Context(), q, nil)
	require.NoError(t, err)
	require.Equal(t, plain.Fingerprint, watched.Fingerprint)
	p := watched.Playback
	require.Equal(t, 6, p.Drawn)
	require.Len(t, p.Workers, 1)
	require.Equal(t, 8, p.Workers[0].Accelerators)
	for b := range p.Buckets {
		sum := 0.0
		for _, series := range p.Counts {
			sum += series[b]
		}
		require.InDelta(t, 6, sum, 0.02, "bucket %d", b)
	}
	require.NotEmpty(t, p.FirstTokens)
	for _, stay := range p.Stays {
		require.LessOrEqual(t, stay[3], stay[4])
		require.LessOrEqual(t, stay[4], p.Span)
	}
	_, err = json.Marshal(watched)
	require.NoError(t, err)
}

func TestASearchCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&ask.Desk{}).Capacity(ctx, &ask.Question{Scenario: node}, nil)
	require.Equal(t, ask.KindStopped, ask.FailureOf(err).Kind)
	require.NotNil(t, ask.FailureOf(err).Known)
	_, ok := errors.AsType[*experiment.StoppedError](err)
	require.True(t, ok)
}

func TestDifferencesAndValues(t *testing.T) {
	d, err := (&ask.Desk{}).Differences(&ask.DifferencesQuestion{A: ask.Question{Scenario: node},
		B: ask.Question{Scenario: node, Set: []string{"slo.ttft.p95=5s"}}})
	require.NoError(t, err)
	require.Equal(t, d.All, len(d.Fields))
	require.Contains(t, d.Fields, ask.Difference{Path: "slo.ttft.p95", A: "10s", B: "5s"})
	v, err := (&ask.Desk{}).Values(&ask.ValuesQuestion{Question: ask.Question{YAML: "extends: " + node + "\nname: a\nseed: 3\n"},
		Paths: []string{"system", "seed", "no.such"}})
	require.NoError(t, err)
	require.Equal(t, "hgx-h200", v.Values[0].Text)
	require.Zero(t, v.Values[0].Line)
	require.Equal(t, 3, v.Values[1].Line)
	require.Empty(t, v.Values[2].Text)
}

func TestCatalogue(t *testing.T) {
	c := (&ask.Desk{}).Catalogue()
	require.NotEmpty(t, c.Scenarios)
	for _, s := range c.Scenarios {
		require.NotEmpty(t, s.Question, s.Name)
	}
	for _, k := range c.Kinds {
		require.NotEmpty(t, k.Presets, k.Name)
		p, err := (&ask.Desk{}).Preset(&ask.PresetQuestion{Kind: k.Name, Name: k.Presets[0].Name})
		require.NoError(t, err)
		require.NotEmpty(t, p.YAML)
	}
}

// Whoever has measured gets intervals by what was measured, through every door.
func TestADeskKnowsItsOwnAccuracy(t *testing.T) {
	known, err := configs.PublicAccuracy()
	require.NoError(t, err)
	none := *known
	none.Quantities = nil
	q := &ask.EstimateQuestion{Question: ask.Question{Scenario: node}, Interval: true}
	shipped, err := (&ask.Desk{}).Estimate(t.Context(), q)
	require.NoError(t, err)
	given, err := (&ask.Desk{Accuracy: known}).Estimate(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, shipped.Capacity.ModelInterval, given.Capacity.ModelInterval)
	other, err := (&ask.Desk{Accuracy: &none}).Estimate(t.Context(), q)
	require.NoError(t, err)
	require.NotEqual(t, shipped.Capacity.ModelInterval, other.Capacity.ModelInterval)
}
