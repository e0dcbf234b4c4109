package configs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValue(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	_, p, err := base.Load([]string{"system.accelerator.hbm.capacity=144GB", "slo.output_speed.p25=60tok/s"})
	require.NoError(t, err)
	for path, want := range map[string]Value{
		"system":                           {Text: "gb300-nvl72"},
		"system.accelerator.hbm.capacity":  {Text: "144GB", Number: 144e9, Unit: "B", Numeric: true},
		"system.accelerator.hbm.bandwidth": {Text: "8TB/s", Number: 8e12, Unit: "B/s", Numeric: true},
		"system.domain":                    {Text: "72", Number: 72, Numeric: true, Whole: true},
		"slo.output_speed.p25":             {Text: "60tok/s", Number: 60, Unit: "tok/s", Numeric: true},
		"workload.tool_gap.median":         {Text: "1s", Number: 1, Unit: "s", Numeric: true},
		"workload.tool_gap.sigma":          {Text: "1", Number: 1, Numeric: true},
		"deployment.router":                {Text: "conversation-affinity"},
		"deployment.decode.dp_attention":   {Text: "true"},
		"deployment.aggregated.workers":    {Text: "0", Numeric: true, Whole: true}, // a pool that is not there
		"deployment.cache.off":             {Text: "false"},
	} {
		got, err := p.Value(path)
		require.NoError(t, err, path)
		require.Equal(t, want, got, path)
	}
	for path, want := range map[string]string{
		"system.domans":         "system.domans: unknown key, did you mean domain?",
		"system.domain.x":       "system.domain: is a single value with nothing below it",
		"slo.output_speed.p50":  "slo.output_speed: has no entry p50",
		"slo":                   "slo: is not a single value: want a path that leads to one",
		"model.acceptance[900]": "items and none at [900]",
	} {
		_, err := p.Value(path)
		require.ErrorContains(t, err, want)
	}
}

// The digest is of values: how they are written does not matter, which they
// are does.
func TestDigest(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	digest := func(sets ...string) string {
		_, p, err := base.Load(sets)
		require.NoError(t, err)
		return p.Digest()
	}
	require.Equal(t, digest("system.accelerator.hbm.capacity=144GB"), digest("system.accelerator.hbm.capacity=0.144TB"))
	require.Equal(t, digest(), digest("seed=0"))
	seen := map[string]string{}
	for _, set := range []string{"seed=0", "seed=1", "system.domain=8", "name=other", "deployment.cache.off=true",
		"deployment.decode.draft_tokens=2", "slo.output_speed.p25=21tok/s", "slo.ttft.p95=9s",
		"workload.tool_gap.median=2s", "engine.graphs=[1, 2]"} {
		d := digest(set)
		require.Empty(t, seen[d], set)
		seen[d] = set
	}
}
