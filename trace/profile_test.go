package trace

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
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

func TestExplore(t *testing.T) {
	for _, name := range []string{"claude-code", "aa-agentperf", "swe-mini"} {
		s := draw(preset(t, name), 4000)
		t.Log(name)
		t.Log("turns", quantiles(s.turns, .1, .5, .9, .99), mean(s.turns))
		t.Log("input", quantiles(s.input, .1, .5, .9, .99, 1), mean(s.input))
		t.Log("output", quantiles(s.output, .1, .5, .9, .95, .99), mean(s.output))
		t.Log("fresh", quantiles(s.fresh, .1, .5, .9, .99), mean(s.fresh))
		t.Log("reuse", s.cachedSum/s.inputSum, "io", s.inputSum/s.outputSum)
	}
	p := preset(t, "claude-code")
	p.Turns.Max, p.ContextLimit = 200, 131072
	s := draw(p, 2000)
	t.Log("turns", quantiles(s.turns, .1, .5, .9, .99), mean(s.turns))
	t.Log("input", quantiles(s.input, .1, .5, .9, .99, 1), mean(s.input))
	t.Log("fresh", quantiles(s.fresh, .1, .5, .9, .99), mean(s.fresh))
	t.Log("reuse", s.cachedSum/s.inputSum, "io", s.inputSum/s.outputSum)
}
