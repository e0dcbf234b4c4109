package fit

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/readers"
)

// dev opens the development sessions of Claude Code.
func dev(t testing.TB) trace.Reader {
	t.Helper()
	paths, err := filepath.Glob("../../../shared/traces/claude-code-weka/dev-*.jsonl.gz")
	require.NoError(t, err)
	if len(paths) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("no shared data")
		}
		t.Skip("no shared data")
	}
	tr, err := readers.OpenAll(paths, readers.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

// TestDevelopmentSessions compares with the distances that were published for
// the same sessions, and the sessions drawn from the fit with the data.
func TestDevelopmentSessions(t *testing.T) {
	result, err := Fit(dev(t), Defaults())
	require.NoError(t, err)
	require.Equal(t, 244, result.Sessions)
	require.Equal(t, 21366, result.Turns)
	published := map[string]float64{
		"turns": 0.035, "first_input": 0.11, "output": 0.018, "append_early": 0.033, "append_late": 0.013,
		"tool_gap": 0.077, "user_turn.gap": 0.035,
	}
	for _, q := range result.Fits {
		if limit, ok := published[q.Field]; ok {
			require.LessOrEqual(t, math.Round(q.Distance*1000)/1000, limit, q.Field)
		}
	}
	p := result.Profile
	require.Equal(t, trace.Gamma, p.Turns.Kind)
	require.InDelta(t, 1.40, p.Turns.Shape, 0.01)
	require.InDelta(t, 62.6, p.Turns.Scale, 0.1)
	require.InDelta(t, 0.944, p.UserTurn.ToolAfterTool, 0.001)

	want, got := summaries(t, p)
	require.InEpsilon(t, want.Turns.Mean, got.Turns.Mean, 0.05)
	require.InEpsilon(t, want.New.Mean, got.New.Mean, 0.05)
	require.InEpsilon(t, want.Output.Mean, got.Output.Mean, 0.05)
	require.InEpsilon(t, want.PrefixReuse, got.PrefixReuse, 0.05)
}

// summaries returns those of the sessions that were fitted, and of drawn ones.
func summaries(t *testing.T, p *trace.Profile) (data, model *trace.Summary) {
	opts := Defaults()
	pool, err := trace.NewPool(dev(t), trace.PoolOptions{FirstInputMax: opts.FirstInputMax})
	require.NoError(t, err)
	var of, drawn trace.Stats
	var s trace.Session
	for i := range pool.Len() {
		if pool.Session(i, &s); s.Parent == "" && len(s.Turns) >= opts.TurnsMin {
			of.AddSession(&s)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 4000 {
		p.Draw(r, &s)
		drawn.AddSession(&s)
	}
	return of.Summary(), drawn.Summary()
}

// drawnCalls is a Reader of sessions drawn from a profile.
func drawnCalls(p *trace.Profile, sessions int) trace.Reader {
	return trace.NewGenerator(p, 3, sessions)
}

// TestFitRecoversTheProfileThatMadeTheTrace draws from known distributions.
func TestFitRecoversTheProfileThatMadeTheTrace(t *testing.T) {
	made := &trace.Profile{
		Name:       "made",
		Turns:      trace.Tokens{Kind: trace.LogNormal, Median: 33, Sigma: 0.6, Min: 5, Max: 200},
		FirstInput: trace.Tokens{Kind: trace.LogNormal, Median: 9500, Sigma: 0.25},
		SharedPrefix: trace.SharedPrefix{
			Tokens: trace.Tokens{Kind: trace.Constant, Value: 3000}, ShareMax: 1},
		Output: trace.Tokens{Kind: trace.Mixture, Parts: []trace.Part[float64]{
			{Weight: 0.4, Median: 150, Sigma: 0.3}, {Weight: 0.6, Median: 800, Sigma: 0.8}}},
		History:    trace.History{Tokens: trace.Tokens{Kind: trace.WholeOutput}},
		AppendLate: trace.Tokens{Kind: trace.LogNormal, Median: 400, Sigma: 1.1, Zero: 0.2},
		ToolGap:    trace.Span{Kind: trace.LogNormal, Median: 2, Sigma: 0.7},
		PrefixBreak: trace.PrefixBreak{Probability: 0.02,
			Cached: trace.Tokens{Kind: trace.LogNormal, Median: 0.2, Sigma: 0.3, Max: 0.5}},
		Compaction: trace.Compaction{
			Hazard: []trace.Hazard{{Context: 0, Probability: 0.001}, {Context: 40000, Probability: 0.05}},
			Keep:   trace.Tokens{Kind: trace.LogNormal, Median: 0.3, Sigma: 0.3, Max: 0.7}, Cached: 0.4},
	}
	require.NoError(t, made.Validate())
	opts := Defaults()
	opts.EarlyTurns, opts.Source, opts.Name = 0, "made up", "found"
	result, err := Fit(drawnCalls(made, 1000), opts)
	require.NoError(t, err)
	p := result.Profile
	require.Equal(t, "found", p.Name)
	require.InEpsilon(t, 9500, p.FirstInput.Median, 0.02)
	require.InEpsilon(t, 0.25, p.FirstInput.Sigma, 0.05)
	require.Len(t, p.Output.Parts, 2)
	require.InEpsilon(t, 0.4, p.Output.Parts[0].Weight, 0.05)
	require.InEpsilon(t, 150, p.Output.Parts[0].Median, 0.02)
	require.InEpsilon(t, 800, p.Output.Parts[1].Median, 0.02)
	require.InEpsilon(t, 0.8, p.Output.Parts[1].Sigma, 0.02)
	require.InDelta(t, 0.2, p.AppendLate.Zero, 0.01)
	require.InEpsilon(t, 400, p.AppendLate.Median, 0.03)
	require.InEpsilon(t, 2, float64(p.ToolGap.Median), 0.02)
	require.Equal(t, 3000.0, p.SharedPrefix.Value)
	require.InEpsilon(t, 0.02, p.PrefixBreak.Probability, 0.1)
	require.InDelta(t, 0.4, p.Compaction.Cached, 0.005)
	require.InEpsilon(t, 0.001, p.Compaction.Hazard[0].Probability, 0.5)
	require.InDelta(t, 0.05, hazardFrom(p, 40000), 0.01)
	require.Equal(t, "fitted", p.Sources["output"].Basis)

	other, err := compareAll(p, drawnCalls(made, 300), opts)
	require.NoError(t, err)
	for _, q := range other {
		if q.Points > 0 {
			require.Less(t, q.Distance, 0.1, q.Field)
		}
	}
}

// hazardFrom returns the hazard of the row that begins at a context.
func hazardFrom(p *trace.Profile, context int) float64 {
	for _, h := range p.Compaction.Hazard {
		if h.Context == context {
			return h.Probability
		}
	}
	return -1
}

func TestGammaByMaximumLikelihood(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	want := trace.Tokens{Kind: trace.Gamma, Shape: 1.4, Scale: 62.6}
	x := make([]float64, 50_000)
	for i := range x {
		x[i] = want.Draw(r)
	}
	shape, scale, _ := gamma(x)
	require.InEpsilon(t, 1.4, shape, 0.02)
	require.InEpsilon(t, 62.6, scale, 0.02)
}

// One normal has a closed form: mean and standard deviation of the logarithms.
func TestMixtureOfOneIsTheClosedForm(t *testing.T) {
	parts, likelihood := mixture([]float64{1, 2, 3, 6}, 1)
	require.Len(t, parts, 1)
	require.InDelta(t, 3, parts[0].mu, 1e-9)
	require.InDelta(t, math.Sqrt(3.5), parts[0].sigma, 1e-9)
	require.InDelta(t, -2*math.Log(2*math.Pi*3.5)-2, likelihood, 1e-6)
}

func TestDistanceByHand(t *testing.T) {
	uniform := func(x float64) float64 { return x }
	require.InDelta(t, 0.25, distance([]float64{0.25, 0.5, 0.75, 0.9}, uniform), 1e-12)
	require.InDelta(t, 0.5, distance([]float64{0.5}, uniform), 1e-12)
}

func TestDegenerateSamples(t *testing.T) {
	d, model := choose[float64](nil, 3)
	require.Equal(t, "always 0", model)
	require.NoError(t, d.Validate())
	d, model = choose[float64]([]float64{0, 5, 5, 5}, 3)
	require.Equal(t, "constant", model)
	require.Equal(t, trace.Tokens{Kind: trace.Constant, Value: 5, Zero: 0.25}, d)
	d, _ = choose[float64]([]float64{1, 2}, 3)
	require.NoError(t, d.Validate())
}

func TestTooFewSessions(t *testing.T) {
	three := trace.Tokens{Kind: trace.Constant, Value: 3}
	p := trace.Profile{Turns: three, FirstInput: three, Output: three, AppendLate: three,
		History: trace.History{Tokens: trace.Tokens{Kind: trace.WholeOutput}}}
	_, err := Fit(drawnCalls(&p, 50), Defaults())
	require.ErrorContains(t, err, "0 of the trace's 50 sessions have 5 turns or more and start with at most 40000 tokens")
}

// compareAll says how well a profile fits another trace than its own.
func compareAll(p *trace.Profile, r trace.Reader, opts Options) ([]Quality, error) {
	s, err := collect(r, opts)
	if err != nil {
		return nil, err
	}
	return []Quality{
		compare("turns", s.turns, &p.Turns),
		compare("first_input", s.firstInput, &p.FirstInput),
		compare("output", s.output, &p.Output),
		compare("append_early", s.early, &p.AppendEarly),
		compare("append_late", s.late, &p.AppendLate),
		compare("tool_gap", s.toolGap, &p.ToolGap),
		compare("user_turn.gap", s.userGap, &p.UserTurn.Gap),
	}, nil
}
