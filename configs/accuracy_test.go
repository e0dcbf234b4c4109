package configs

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

// known is an invented accuracy: one stack of six runs, 20 % too fast.
func known() *Accuracy {
	return &Accuracy{
		Early: Early{Days: 30, Slower: 2, Worst: 8},
		First: []FirstRun{{Of: "newest-9b", Date: "2026-06-01"}},
		Quantities: []Quantity{{
			Of: "fixed.decode", Rows: 6, Centre: -0.1, Error: 0.1,
			Levels: []float64{0.1, 0.2, 0.2, 0.1, 0.05}, Within: 0.1, Seen: 1.5, Unseen: 2,
			Nodes: []StackNode{
				{Stack: "vllm", Rows: 6, Centre: -0.15, Error: 0.1},
				{Stack: "vllm/hopper", Rows: 6, Centre: -0.17, Error: 0.1},
				{Stack: "vllm/hopper/old-1", Rows: 6, Centre: -0.19, Error: 0.05},
				{Stack: "vllm/hopper/old-1/h200", Rows: 6, Centre: -0.2, Error: 0.05, Within: 0.08},
			},
		}},
	}
}

func stackOf(engine, model, date string) *Stack {
	return &Stack{Engine: engine, Accelerator: &hardware.Accelerator{Name: "h200", Generation: "hopper"}, Model: model,
		Date: date}
}

// A stack with runs has its own centre; by hand: 1.5 √(0.05² + 0.05² + 0.08²).
func TestAKnownStackHasItsOwnError(t *testing.T) {
	e, ok := known().Of("fixed.decode", stackOf("vllm", "old-1-7b", "2026-05-20"))
	require.True(t, ok)
	require.True(t, e.Own)
	require.Equal(t, -0.2, e.Centre)
	require.Equal(t, "accelerator", e.Level)
	require.InDelta(t, 1.5*math.Sqrt(0.05*0.05+0.05*0.05+0.08*0.08), e.Spread, 1e-12)
	require.InDelta(t, -0.2+e.Spread, e.At(1), 1e-12)
}

// Another model on the same engine takes the generation's centre and the
// spread between families, accelerators and releases:
// 2 √(0.1² + 0.2² + 0.1² + 0.05² + 0.1²).
func TestAnUnseenStackTakesItsParents(t *testing.T) {
	e, ok := known().Of("fixed.decode", stackOf("vllm", "other-3b", "2026-08"))
	require.True(t, ok)
	require.False(t, e.Own)
	require.False(t, e.Early, "its age is not known")
	require.Equal(t, -0.17, e.Centre)
	require.InDelta(t, 2*math.Sqrt(0.01+0.04+0.01+0.0025+0.01), e.Spread, 1e-12)
	all, _ := known().Of("agents.decode", stackOf("none", "other-3b", ""))
	require.Equal(t, -0.1, all.Centre, "agents without a hierarchy take that of fixed lengths, engines without runs all")
	require.Greater(t, all.Spread, e.Spread, "less is known")
	_, ok = known().Of("fixed.watts", stackOf("vllm", "old-1-7b", ""))
	require.False(t, ok)
}

// Software of the first weeks is slower, in the geometric mean 4 times.
func TestEarlySoftwareIsSlow(t *testing.T) {
	e, _ := known().Of("fixed.decode", stackOf("vllm", "newest-9b", "2026-06-12"))
	require.True(t, e.Early)
	require.InDelta(t, -math.Log(4), e.Centre, 1e-12)
	require.Greater(t, e.Spread, math.Log(2))
	for _, date := range []string{"2026-05-20", "2026-07-02", ""} {
		e, _ = known().Of("fixed.decode", stackOf("vllm", "newest-9b", date))
		require.False(t, e.Early, date)
	}
}

func TestKnownIntervalsAreBounded(t *testing.T) {
	a := known()
	a.Quantities[0].Nodes[3].Within = 3
	e, _ := a.Of("fixed.decode", stackOf("vllm", "old-1-7b", ""))
	require.InDelta(t, 4, math.Exp(2*e.Spread), 1e-9)
	a.Quantities[0].Nodes[3].Rows = 4
	e, _ = a.Of("fixed.decode", stackOf("vllm", "old-1-7b", ""))
	require.Greater(t, math.Exp(2*e.Spread), 4.)
}

func TestModelFamilies(t *testing.T) {
	for model, want := range map[string]string{"deepseek-v4.1-flash": "deepseek-v4", "deepseek-r1": "deepseek-r1",
		"qwen3.5-397b-a17b": "qwen3", "kimi-k2.6": "kimi-k2", "nameless": "nameless"} {
		require.Equal(t, want, ModelFamily(model))
	}
}

// What ships is an accuracy: every number within what Validate allows.
func TestTheAccuracyThatShips(t *testing.T) {
	a, _, err := LoadPreset[Accuracy](Presets(), "accuracy", "serving", nil)
	require.NoError(t, err)
	require.NoError(t, a.Validate())
	for _, of := range []string{"agents.decode", "fixed.decode", "any.decode", "any.watts"} {
		require.NotNil(t, a.quantity(of), of)
	}
	a.Quantities[0].Within = math.NaN()
	require.Error(t, a.Validate())
	a.Quantities[0].Within, a.Quantities[0].Levels = 0.1, nil
	require.ErrorContains(t, a.Validate(), "levels")
}
