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
	require.Len(t, s.Criteria(), 1)
	require.InDelta(t, 0.999, s.Criteria()[0].Share, 1e-15)

	s = SLO{OutputSpeed: map[string]units.TokenRate{"p50": 3}, MinOutputTokens: 20}
	require.NoError(t, s.Validate())
	require.Len(t, s.Criteria(), 1)
	require.Equal(t, 20, s.MinOutput())
}

func TestEndToEndSpeedIsAFloorOfItsOwn(t *testing.T) {
	var s SLO
	require.NoError(t, yaml.Unmarshal([]byte(`{e2e_speed: {p25: 15tok/s}, ttft: {p95: 10s}}`), &s))
	require.NoError(t, s.Validate())
	require.Equal(t, Criterion{Measure: E2ESpeed, Percent: 25, Target: 15, Share: 0.75}, s.Criteria()[1])
	require.True(t, s.Criteria()[1].Meets(15))
	require.False(t, s.Criteria()[1].Meets(14))
	require.Equal(t, "ttft p95 <= 10s, e2e_speed p25 >= 15tok/s", s.String())
}

func TestPaceIsTheSlowestThatPasses(t *testing.T) {
	ttft, tpot := slo(20, 10).Pace()
	require.Equal(t, [2]float64{10, 0.05}, [2]float64{ttft, tpot})
	both := slo(40, 3)
	both.E2ESpeed = map[string]units.TokenRate{"p25": 25}
	_, tpot = both.Pace()
	require.Equal(t, 0.025, tpot, "of two speeds, that of the output")
	ttft, tpot = SLO{E2ESpeed: both.E2ESpeed}.Pace()
	require.Equal(t, [2]float64{0, 0.04}, [2]float64{ttft, tpot})
	_, tpot = SLO{TTFT: map[string]units.Seconds{"p95": 3}}.Pace()
	require.Positive(t, tpot)
}

func TestServiceLevelErrorsNameTheField(t *testing.T) {
	for want, s := range map[string]SLO{
		"want output_speed, ttft or e2e_speed":           {},
		"output_speed.p0: p0: want a percentile":         {OutputSpeed: map[string]units.TokenRate{"p0": 20}},
		"output_speed.p100: p100: want a percentile":     {OutputSpeed: map[string]units.TokenRate{"p100": 20}},
		"output_speed.median: median: want a percentile": {OutputSpeed: map[string]units.TokenRate{"median": 20}},
		"output_speed.pNaN: pNaN: want a percentile":     {OutputSpeed: map[string]units.TokenRate{"pNaN": 20}},
		"output_speed.p25: 0tok/s: want more than 0":     slo(0, 10),
		"ttft.p95: -1s: want more than 0":                slo(20, -1),
		"ttft: p50, p95: want one percentile":            {TTFT: map[string]units.Seconds{"p95": 1, "p50": 1}},
		"min_output_tokens: 1: want 2 or more":           {TTFT: map[string]units.Seconds{"p95": 1}, MinOutputTokens: 1},
	} {
		require.ErrorContains(t, s.Validate(), want)
	}
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
		require.Greater(t, s.Criteria()[0].Share, 0.0)
		require.Less(t, s.Criteria()[0].Share, 1.0)
		require.Equal(t, target, s.Criteria()[0].Target)
		require.True(t, s.Criteria()[0].Meets(target))
	})
}
