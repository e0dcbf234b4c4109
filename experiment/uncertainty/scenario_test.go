package uncertainty_test

import (
	"context"
	"encoding/json"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/sessions"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/scenarios"
	"agentsim/trace"
)

func load(t testing.TB, name string, sets ...string) *uncertainty.Scenario {
	t.Helper()
	s, p, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return &uncertainty.Scenario{Scenario: s, Provenance: p}
}

func quick() []string {
	// The estimate is near the simulator on caches that lose nothing.
	return []string{"engine.cache.policy=ideal", "protocol=steady-state", "protocol.calls_min=300"}
}

func capacity(t testing.TB, s *uncertainty.Scenario) *metrics.Result {
	t.Helper()
	r, err := experiment.Capacity(context.Background(), s.Scenario, experiment.Options{})
	require.NoError(t, err)
	return r
}

func study(t testing.TB, s *uncertainty.Scenario, simulated *metrics.Result, o uncertainty.Options) *metrics.Uncertainty {
	t.Helper()
	u, err := uncertainty.Run(context.Background(), s, simulated, o)
	require.NoError(t, err)
	return u
}

// The same bytes with one processor and with two, and an answer that says what
// an H200 node hangs on.
func TestSameBytesOnAnyNumberOfProcessors(t *testing.T) {
	s := load(t, "h200-agentperf-slo20", quick()...)
	require.NoError(t, uncertainty.Check(s))
	simulated := capacity(t, s)
	o := uncertainty.Options{Draws: 32, By: uncertainty.Analytic,
		Goals: []uncertainty.Goal{{Metric: uncertainty.PerAccelerator, Value: 1.4}}}
	text := func(processors int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		b, err := json.Marshal(study(t, s, simulated, o))
		require.NoError(t, err)
		return string(b)
	}
	one := text(1)
	require.Equal(t, one, text(2))
	var u metrics.Uncertainty
	require.NoError(t, json.Unmarshal([]byte(one), &u))
	require.Equal(t, "kernels.efficiency", u.Tornado[0].Input, "what serving runs say of all kernels")
	require.Greater(t, u.Tornado[0].RankPerAccelerator, 0.5, "faster kernels, more agents")
	require.Less(t, u.Agents.P10, u.Agents.P50)
	require.Less(t, u.Agents.P50, u.Agents.P90)
	need := u.Targets[0].Needs[0]
	require.True(t, need.Reached)
	require.Less(t, need.Percentile, 50.0, "slower kernels than most draws have")
}

// What the target table says is so: with that factor the analytic model gives
// the target.
func TestWhatWouldHaveToBeTrueIsTrue(t *testing.T) {
	s := load(t, "gb300-agentperf-slo20", quick()...)
	simulated := &metrics.Result{Capacity: &metrics.Capacity{Agents: 2000, PerAccelerator: 62.5, Accelerators: 32,
		PerMW: metrics.PerMW{AcceleratorMeasured: 80000, AcceleratorTDP: 50000, IT: 60000, Facility: 55000, Provisioned: 40000}}}
	const value = 55
	u := study(t, s, simulated, uncertainty.Options{Draws: 10, By: uncertainty.Analytic,
		Goals: []uncertainty.Goal{{Metric: uncertainty.PerAccelerator, Value: value}}})
	reached := 0
	for _, n := range u.Targets[0].Needs {
		if n.Reached {
			reached++
			require.InEpsilon(t, value, n.Gives, 0.02, "%s: whole agents, narrow brackets", n.Input)
		}
	}
	require.Greater(t, reached, 3)
}

// Simulated draws agree in kind with analytic ones.
func TestSimulatedDraws(t *testing.T) {
	s := load(t, "h200-agentperf-slo20", quick()...)
	simulated := capacity(t, s)
	o := uncertainty.Options{Draws: 10, By: uncertainty.Simulator, Protocol: &s.Protocol}
	by := study(t, s, simulated, o)
	o.By = uncertainty.Analytic
	estimated := study(t, s, simulated, o)
	require.Equal(t, "simulator", by.EvaluatedBy)
	require.Equal(t, estimated.Tornado[0].Input, by.Tornado[0].Input)
	require.Positive(t, estimated.Checked.Answers)
	require.Less(t, estimated.Checked.Off, 0.35, "%+v", estimated.Checked)
	require.Nil(t, by.Checked)
	near := 0
	for i := range by.Sample {
		a, b := by.Sample[i].Agents, estimated.Sample[i].Agents
		if math.Abs(a-b) <= max(3, 0.35*a) {
			near++
		}
	}
	require.GreaterOrEqual(t, near, 8, "of %d draws", len(by.Sample))
}

// Along the ridge of turns and growth the mean prompt stays.
func TestTheRidgeKeepsTheMeanPrompt(t *testing.T) {
	s := load(t, "h200-agentperf-slo20")
	inputs, err := s.Inputs(s.Provenance)
	require.NoError(t, err)
	base := meanPrompt(t, s.Scenario)
	for _, in := range inputs {
		if in.Name != "workload.turns" {
			continue
		}
		for _, end := range []float64{in.Low, in.High} {
			drawn, err := s.With(s.Provenance, []configs.Input{in}, []float64{end})
			require.NoError(t, err)
			require.InEpsilon(t, base, meanPrompt(t, drawn), 0.03)
			require.Greater(t, math.Abs(drawn.Workload.Synthetic.Turns.Median-33), 5.0)
		}
		return
	}
	require.Fail(t, "no such input")
}

func meanPrompt(t *testing.T, s *configs.Scenario) float64 {
	t.Helper()
	source, err := sessions.Open(s)
	require.NoError(t, err)
	var session trace.Session
	sum, n := 0.0, 0.0
	for agent := range 3000 {
		require.NoError(t, source.Session(agent, 0, &session))
		for i := range session.Turns {
			sum += float64(session.Turns[i].Input)
			n++
		}
	}
	return sum / n
}

// Every range that ships stays within what is possible.
func TestShippedRangesArePossible(t *testing.T) {
	for _, c := range []struct {
		name string
		sets []string
	}{
		{"gb300-agentperf-slo20", nil}, {"h200-agentperf-slo20", nil}, {"gb300-claude-code", nil},
		{"h200-agentperf-slo20", []string{"system=vr-nvl72", "engine=trtllm", "kernels=rubin-trtllm"}},
		{"h200-agentperf-slo20", []string{"system=mi355x-8", "engine=sglang", "model=glm-5"}},
		{"h200-agentperf-slo20", []string{"engine=sglang", "model=qwen3.5-397b-a17b"}},
		{"h200-agentperf-slo20", []string{"system=hgx-b200", "engine=vllm", "model=kimi-k2.5"}},
		{"h200-agentperf-slo20", []string{"system=mi300x-8", "engine=vllm", "workload.profile=swe-mini"}},
		{"gb300-agentperf-slo20", []string{"engine=sglang", "model=minimax-m2"}},
	} {
		require.NoError(t, uncertainty.Check(load(t, c.name, c.sets...)), "%v", c)
	}
}

// A range that leaves the valid domain is told by its place before anything is
// simulated.
func TestCheck(t *testing.T) {
	text, err := scenarios.FS.ReadFile("h200-agentperf-slo20.yaml")
	require.NoError(t, err)
	text = append(text, "uncertainty:\n  engine.memory.utilisation: {kind: uniform, low: 0.9, high: 1.2}\n"...)
	s, p, err := configs.LoadScenario(configs.Source{Name: "s.yaml", Text: text}, nil)
	require.NoError(t, err)
	err = uncertainty.Check(&uncertainty.Scenario{Scenario: s, Provenance: p})
	require.ErrorContains(t, err, "s.yaml:22:3: engine.memory.utilisation: 1.2, an end of its range, leaves what is possible")
	var fault *configs.Error
	require.ErrorAs(t, err, &fault)
}

func BenchmarkDraw(b *testing.B) {
	s := load(b, "gb300-agentperf-slo20")
	simulated := &metrics.Result{Capacity: &metrics.Capacity{Agents: 2000, PerAccelerator: 62.5, Accelerators: 32,
		PerMW: metrics.PerMW{AcceleratorMeasured: 1, AcceleratorTDP: 1, IT: 1, Facility: 1, Provisioned: 1}}}
	for b.Loop() {
		study(b, s, simulated, uncertainty.Options{Draws: 64, By: uncertainty.Analytic})
	}
}
