package trace

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

func preset(t testing.TB, name string) *Profile {
	t.Helper()
	data, err := os.ReadFile("../configs/workloads/" + name + ".yaml")
	require.NoError(t, err)
	var p Profile
	require.NoError(t, yaml.UnmarshalWithOptions(data, &p, yaml.Strict(), yaml.DisallowUnknownField()))
	require.NoError(t, p.Validate())
	require.Equal(t, name, p.Name)
	return &p
}

// sample holds what sessions drawn from a profile look like.
type sample struct {
	turns, input, output, fresh []float64
	inputSum, cachedSum         float64
	outputSum                   float64
}

func draw(p *Profile, sessions int) *sample {
	r := rand.New(rand.NewPCG(7, 11))
	var s Session
	out := &sample{}
	for range sessions {
		p.Draw(r, &s)
		out.turns = append(out.turns, float64(len(s.Turns)))
		for i, turn := range s.Turns {
			cached := float64(turn.Prefix)
			out.input = append(out.input, float64(turn.Input))
			out.output = append(out.output, float64(turn.Output))
			out.inputSum += float64(turn.Input)
			out.outputSum += float64(turn.Output)
			out.cachedSum += cached
			if i > 0 {
				out.fresh = append(out.fresh, float64(turn.Input)-cached)
			}
		}
	}
	return out
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func quantiles(v []float64, at ...float64) []float64 {
	slices.Sort(v)
	out := make([]float64, len(at))
	for i, q := range at {
		out[i] = v[int(math.Round(q*float64(len(v)-1)))]
	}
	return out
}

// near checks measured quantiles and mean against published ones.
func near(t *testing.T, got []float64, tolerance float64, want ...float64) {
	t.Helper()
	for i := range want {
		require.InEpsilon(t, want[i], got[i], tolerance, "%v, want %v", got, want)
	}
}

// at returns quantiles, p10/p50/p90/p99 unless others are named, and the mean.
func at(values []float64, q ...float64) []float64 {
	if len(q) == 0 {
		q = []float64{.1, .5, .9, .99}
	}
	return append(quantiles(values, q...), mean(values))
}

// The wanted figures of the three tests below are the Monte Carlo table of
// the report from which the presets' parameters come, p10/p50/p90/p99 and mean.

func TestClaudeCodeProfile(t *testing.T) {
	s := draw(preset(t, "claude-code"), 4000)
	near(t, at(s.turns), 0.09, 16, 70, 184, 370, 89)
	near(t, at(s.input), 0.04, 34e3, 83e3, 140e3, 177e3, 86e3)
	near(t, at(s.output), 0.03, 100, 210, 886, 2.9e3, 401)
	near(t, at(s.fresh), 0.05, 171, 697, 4.3e3, 44e3, 2.6e3)
	require.InEpsilon(t, .968, s.cachedSum/s.inputSum, 0.002)
	require.InEpsilon(t, 214, s.inputSum/s.outputSum, 0.03)
}

func TestClaudeCodeProfileCutAtAALimits(t *testing.T) {
	p := preset(t, "claude-code")
	p.Turns.Max, p.ContextLimit = 200, 131072
	s := draw(p, 4000)
	near(t, at(s.turns), 0.13, 16, 50, 82, 118, 50)
	near(t, at(s.input), 0.04, 29e3, 71e3, 117e3, 129e3, 72e3)
	near(t, at(s.fresh), 0.08, 171, 688, 4.0e3, 35e3, 2.3e3)
	require.InEpsilon(t, .964, s.cachedSum/s.inputSum, 0.003)
	require.InEpsilon(t, 178, s.inputSum/s.outputSum, 0.03)
	require.LessOrEqual(t, s.input[len(s.input)-1], 131072.0)
}

func TestAAAgentPerfProfile(t *testing.T) {
	s := draw(preset(t, "aa-agentperf"), 20000)
	near(t, at(s.turns), 0.06, 16, 33, 73, 140, 40)
	near(t, at(s.input), 0.05, 11e3, 22e3, 48e3, 88e3, 26.6e3)
	near(t, at(s.output, .1, .5, .9, .95, .99), 0.03, 20, 150, 1.1e3, 2.0e3, 5.8e3, 495)
	near(t, at(s.fresh), 0.07, 52, 227, 1.4e3, 17e3, 904)
	require.InEpsilon(t, .958, s.cachedSum/s.inputSum, 0.002)
	require.InEpsilon(t, 54, s.inputSum/s.outputSum, 0.04)
	// What the benchmark publishes: mean input about 27k, at most 131k; 38 turns.
	require.InEpsilon(t, 27e3, mean(s.input), 0.05)
	require.InEpsilon(t, 38, mean(s.turns), 0.07)
	require.Less(t, s.input[len(s.input)-1], 131072.0)
}

func TestAAToolGapStaysWithinPublishedEnds(t *testing.T) {
	p := preset(t, "aa-agentperf")
	r := rand.New(rand.NewPCG(1, 2))
	var gaps []float64
	var s Session
	for range 2000 {
		p.Draw(r, &s)
		for _, turn := range s.Turns[1:] {
			gaps = append(gaps, float64(turn.Gap))
		}
	}
	near(t, at(gaps, 0, .5, 1), 0.02, 0.1, 1, 5)
}

func TestDrawnSessionsObeyTheirRules(t *testing.T) {
	for _, name := range []string{"claude-code", "aa-agentperf", "swe-mini"} {
		p := preset(t, name)
		r := rand.New(rand.NewPCG(3, 4))
		var s Session
		for range 300 {
			p.Draw(r, &s)
			require.NotEmpty(t, s.Turns)
			require.LessOrEqual(t, s.Shared, s.Turns[0].Input)
			for i, turn := range s.Turns {
				require.Equal(t, i == 0, turn.Kind == First)
				require.Positive(t, turn.Input)
				require.Positive(t, turn.Output)
				require.GreaterOrEqual(t, turn.Gap, float32(0))
				require.LessOrEqual(t, turn.Prefix+turn.Echo, turn.Input)
				if i == 0 {
					require.Zero(t, turn.Prefix+turn.Echo)
					continue
				}
				require.LessOrEqual(t, turn.Prefix, s.Turns[i-1].Input)
				require.LessOrEqual(t, turn.Echo, s.Turns[i-1].Output)
			}
		}
	}
}

func TestDrawIsDeterministicAndDoesNotAllocate(t *testing.T) {
	for _, name := range []string{"claude-code", "aa-agentperf"} {
		p := preset(t, name)
		p.Correlation = Correlation{OutputLag: 0.26, AppendLag: 0.20, OutputAppend: -0.24}
		var a, b Session
		one, two := rand.New(rand.NewPCG(5, 6)), rand.New(rand.NewPCG(5, 6))
		for range 50 {
			p.Draw(one, &a)
			p.Draw(two, &b)
			require.Equal(t, a, b)
		}
		a.Turns = make([]Turn, 0, 1000)
		require.Zero(t, testing.AllocsPerRun(50, func() { p.Draw(one, &a) }))
	}
}

// Correlations must show up between draws and leave the distributions alone.
func TestCorrelation(t *testing.T) {
	p := preset(t, "claude-code")
	p.Turns, p.Compaction, p.PrefixBreak = Tokens{Kind: Constant, Value: 200}, Compaction{}, PrefixBreak{}
	p.EarlyTurns = 0
	p.AppendLate.Zero = 0 // ties would weaken the correlation of ranks
	plain := draw(p, 400)
	p.Correlation = Correlation{OutputLag: 0.26, AppendLag: 0.20, OutputAppend: -0.24}
	require.NoError(t, p.Validate())
	r := rand.New(rand.NewPCG(9, 9))
	var s Session
	var output, appended [][2]float64
	var outputToAppend [][2]float64
	scores := func(d *Tokens, v int32) float64 { return mathext.NormalQuantile(d.CDF(float64(v))) }
	for range 400 {
		p.Draw(r, &s)
		for i := 2; i < len(s.Turns); i++ {
			now, before := s.Turns[i], s.Turns[i-1]
			o := scores(&p.Output, before.Output)
			a := scores(&p.AppendLate, now.Input-before.Input-before.Output)
			output = append(output, [2]float64{scores(&p.Output, s.Turns[i-2].Output), o})
			appended = append(appended, [2]float64{
				scores(&p.AppendLate, before.Input-s.Turns[i-2].Input-s.Turns[i-2].Output), a})
			outputToAppend = append(outputToAppend, [2]float64{o, a})
		}
	}
	require.InDelta(t, 0.26, correlation(output), 0.02)
	require.InDelta(t, 0.20-0.24*0.26*-0.24, correlation(appended), 0.02)
	require.InDelta(t, p.Correlation.cross(), correlation(outputToAppend), 0.02)
	require.InDelta(t, 1, spread(appended), 0.02)
	near(t, at(draw(p, 400).output), 0.03, at(plain.output)...)
}

// spread is the standard deviation of the finite second entries.
func spread(pairs [][2]float64) float64 {
	var v []float64
	for _, p := range pairs {
		if !math.IsInf(p[1], 0) {
			v = append(v, p[1])
		}
	}
	return stat.StdDev(v, nil)
}

// correlation of pairs; infinite scores (clipped values) are left out.
func correlation(pairs [][2]float64) float64 {
	var x, y []float64
	for _, p := range pairs {
		if !math.IsInf(p[0], 0) && !math.IsInf(p[1], 0) {
			x, y = append(x, p[0]), append(y, p[1])
		}
	}
	return stat.Correlation(x, y, nil)
}

func TestProfileValidateNamesTheField(t *testing.T) {
	for want, spoil := range map[string]func(*Profile){
		"turns.kind: missing":                     func(p *Profile) { p.Turns = Tokens{} },
		"turns.sigma: -1":                         func(p *Profile) { p.Turns.Sigma = -1 },
		"output.kind: unknown kind \"lognormel\"": func(p *Profile) { p.Output.Kind = "lognormel" },
		"append_late.parts: the weights add up":   func(p *Profile) { p.AppendLate.Parts[0].Weight = 0.9 },
		"append_late.parts[1].median: 0":          func(p *Profile) { p.AppendLate.Parts[1].Median = 0 },
		"tool_gap.median: -1":                     func(p *Profile) { p.ToolGap.Median = -1 },
		"tool_gap.max: 50ms is below min 100ms":   func(p *Profile) { p.ToolGap.Max = 0.05 },
		"history.kind: missing":                   func(p *Profile) { p.History = History{} },
		"shared_prefix.share_max: 2":              func(p *Profile) { p.SharedPrefix.ShareMax = 2 },
		"prefix_break.cached.kind: missing":       func(p *Profile) { p.PrefixBreak.Cached = Tokens{} },
		"compaction.hazard[1].context":            func(p *Profile) { p.Compaction.Hazard = make([]Hazard, 2) },
		"user_turn.tool_after_tool: 1.5":          func(p *Profile) { p.UserTurn.ToolAfterTool = 1.5 },
		"correlation.output_lag: 1":               func(p *Profile) { p.Correlation.OutputLag = 1 },
		"context_limit: -1":                       func(p *Profile) { p.ContextLimit = -1 },
		"early_turns: -1":                         func(p *Profile) { p.EarlyTurns = -1 },
	} {
		p := preset(t, "aa-agentperf")
		spoil(p)
		require.ErrorContains(t, p.Validate(), want)
	}
}

func TestWorkloadTakesAProfileOrATrace(t *testing.T) {
	var w Workload
	text := "profile: x\nturns: {kind: constant, value: 3}\ntool_gap: {kind: constant, value: 2s}\ngap_max: 10s\n"
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(text), &w, yaml.Strict(), yaml.DisallowUnknownField()))
	require.Equal(t, "x", w.Preset)
	require.EqualValues(t, 2, w.Synthetic.ToolGap.Value)
	require.ErrorContains(t, w.Validate(), "first_input.kind: missing")
	w.Trace = "some.jsonl"
	require.NoError(t, w.Validate())
	require.Equal(t, PoolOptions{GapMax: 10}, w.PoolOptions())
	w.Replay = "live"
	require.ErrorContains(t, w.Validate(), "want recorded or generated")
	require.ErrorContains(t, (&Workload{}).Validate(), "profile: missing")
	require.ErrorContains(t, (&Workload{SessionsMax: -1, Trace: "x"}).Validate(), "sessions_max: -1")
}
