package metrics

import (
	"math"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// slo is a floor on P25 output speed and a ceiling on P95 TTFT.
func slo(speed, ttft float64) SLO {
	return SLO{
		OutputSpeed: map[string]units.TokenRate{"p25": units.TokenRate(speed)},
		TTFT:        map[string]units.Seconds{"p95": units.Seconds(ttft)},
	}
}

func TestServiceLevelReadsAsPeopleWriteIt(t *testing.T) {
	var s SLO
	require.NoError(t, yaml.Unmarshal([]byte(`{output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}`), &s))
	require.NoError(t, s.Validate())
	require.Equal(t, slo(20, 10), s)
	require.Equal(t, []Criterion{
		{Measure: OutputSpeed, Percent: 25, Target: 20, Share: 0.75},
		{Measure: TTFT, Percent: 95, Target: 10, Share: 0.95},
	}, s.Criteria())
	require.Equal(t, "output_speed p25 >= 20tok/s, ttft p95 <= 10s", s.String())
	require.Equal(t, 2, s.MinOutput())
}

func TestAMissingMeasureAsksForNothing(t *testing.T) {
	s := SLO{TTFT: map[string]units.Seconds{"p99.9": 3}}
	require.NoError(t, s.Validate())
	require.Zero(t, s.SpeedFloor())
	require.Zero(t, s.SpeedShare())
	require.InDelta(t, 0.999, s.TTFTShare(), 1e-15)

	s = SLO{OutputSpeed: map[string]units.TokenRate{"p50": 3}, MinOutputTokens: 20}
	require.NoError(t, s.Validate())
	require.True(t, math.IsInf(s.TTFTLimit(), 1))
	require.Zero(t, s.TTFTShare())
	require.Equal(t, 20, s.MinOutput())
}

func TestServiceLevelErrorsNameTheField(t *testing.T) {
	for want, s := range map[string]SLO{
		"is empty":                              {},
		"output_speed.p0: is no percentile":     {OutputSpeed: map[string]units.TokenRate{"p0": 20}},
		"output_speed.p100: is no percentile":   {OutputSpeed: map[string]units.TokenRate{"p100": 20}},
		"output_speed.median: is no percentile": {OutputSpeed: map[string]units.TokenRate{"median": 20}},
		"output_speed.pNaN: is no percentile":   {OutputSpeed: map[string]units.TokenRate{"pNaN": 20}},
		"output_speed.p25: is 0tok/s, must be":  slo(0, 10),
		"ttft.p95: is -1s, must be above 0":     slo(20, -1),
		"ttft: has 2 percentiles (p50, p95)":    {TTFT: map[string]units.Seconds{"p95": 1, "p50": 1}},
		"min_output_tokens: is 1, must be 2 or": {TTFT: map[string]units.Seconds{"p95": 1}, MinOutputTokens: 1},
	} {
		require.ErrorContains(t, s.Validate(), want)
	}
	_, err := NewJudge(SLO{}, 0, 1)
	require.ErrorContains(t, err, "is empty")
}

func FuzzServiceLevel(f *testing.F) {
	f.Add("p25", 20.0)
	f.Add("p1e1", 1e-300)
	f.Add("p0x1p3", math.MaxFloat64)
	f.Fuzz(func(t *testing.T, key string, target float64) {
		s := SLO{OutputSpeed: map[string]units.TokenRate{key: units.TokenRate(target)}}
		if s.Validate() != nil {
			return
		}
		require.Len(t, s.Criteria(), 1)
		require.Greater(t, s.SpeedShare(), 0.0)
		require.Less(t, s.SpeedShare(), 1.0)
		require.Equal(t, target, s.SpeedFloor())
		require.True(t, s.Criteria()[0].Meets(target))
	})
}
