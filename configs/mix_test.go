package configs

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

func preset[T any](t *testing.T, kind, name string) T {
	t.Helper()
	v, _, err := LoadPreset[T](Presets(), kind, name, nil)
	require.NoError(t, err)
	return *v
}

func TestMixTakesWholeSidesAndSingleFields(t *testing.T) {
	a, b := preset[hardware.System](t, "systems", "gb300-nvl72"), preset[hardware.System](t, "systems", "hgx-h200")
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	require.Equal(t, Digest(b), Digest(Mix(a, b, all)))
	require.Equal(t, Digest(a), Digest(Mix(a, b, none)))

	domain := Mix(a, b, func(path string) bool { return path == "domain" })
	require.Equal(t, []Difference{{Path: "domain", A: "72", B: "8"}}, Differences(a, domain))
	rest := Mix(a, b, func(path string) bool { return path != "domain" })
	require.Equal(t, []Difference{{Path: "domain", A: "72", B: "8"}}, Differences(rest, b))
}

// An entry of a map that only one side has is a field as any other.
func TestMixAddsAndRemovesEntries(t *testing.T) {
	a, b := preset[hardware.Accelerator](t, "accelerators", "gb300"), preset[hardware.Accelerator](t, "accelerators", "h200")
	fp4 := func(path string) bool { return strings.HasSuffix(path, "fp4") }
	require.NotContains(t, Mix(a, b, fp4).Compute, hardware.NVFP4)
	require.Contains(t, Mix(b, a, fp4).Compute, hardware.NVFP4)
	require.Equal(t, b.Compute[hardware.BF16], Mix(b, a, fp4).Compute[hardware.BF16])
	require.Contains(t, a.Compute, hardware.NVFP4, "neither side is changed")
	require.Contains(t, Differences(a, b), Difference{Path: "compute.nvfp4", A: "15PFLOPS"})
}

func TestDifferencesOfEqualsAreNone(t *testing.T) {
	k := preset[hardware.KernelSet](t, "kernels", "gb300-trtllm")
	require.Empty(t, Differences(k, k))
	other := k
	other.Sources = nil
	require.Empty(t, Differences(k, other), "sources are no fields")
	require.NotEmpty(t, Differences(k, preset[hardware.KernelSet](t, "kernels", "h200-vllm")))
}

func TestCheckPath(t *testing.T) {
	for _, path := range []string{"system", "system.accelerator.hbm.capacity", "kernels.experts.anything", "workload.tool_gap"} {
		require.NoError(t, CheckPath[Scenario](path), path)
	}
	for path, want := range map[string]string{
		"system.acelerator":           "did you mean accelerator?",
		"sistem":                      "did you mean system?",
		"system.domain.size":          "single value",
		"engine.graphs.0":             "no fields below",
		"":                            "want the path",
		"deployment.decode.hbm_limit": "unknown field",
	} {
		require.ErrorContains(t, CheckPath[Scenario](path), want, path)
	}
}

func TestFactorsMustBeNamedAndApart(t *testing.T) {
	cases := []struct{ want, text string }{
		{"want a list of factors", "factors: []"},
		{"factors[0].name", "factors: [{fields: [system]}]"},
		{"no other factor has", "factors: [{name: x, fields: [system]}, {name: x, fields: [engine]}]"},
		{"factors[0].fields", "factors: [{name: x, fields: []}]"},
		{"system.accelerator overlaps with system of \"x\"",
			"factors: [{name: x, fields: [system]}, {name: y, fields: [system.accelerator]}]"},
		{"factors[1].fields[1]: system.domain overlaps with system.domain",
			"factors: [{name: x, fields: [system.domain]}, {name: y, fields: [engine, system.domain]}]"},
		{"overlaps", "factors: [{name: x, fields: [system.domain, system]}]"},
		{"feilds", "factors: [{name: x, feilds: [system]}]"},
	}
	for _, c := range cases {
		_, _, err := Load[Factors](Presets(), Source{Name: "own.yaml", Text: []byte("name: own\n" + c.text)}, nil)
		require.ErrorContains(t, err, c.want, c.text)
		var fault *Error
		require.ErrorAs(t, err, &fault, c.text)
	}
}

func TestAFieldBelongsToTheFactorAboveIt(t *testing.T) {
	f := Factors{Factors: []Factor{{Name: "memory", Fields: []string{"system.accelerator.hbm"}},
		{Name: "links", Fields: []string{"system.domain", "system.accelerator.scale_up"}}}}
	require.Equal(t, 0, f.Of("system.accelerator.hbm.capacity"))
	require.Equal(t, 0, f.Of("system.accelerator.hbm"))
	require.Equal(t, 1, f.Of("system.domain"))
	require.Equal(t, -1, f.Of("system.accelerator.hbm2"), "a name that only begins like it is another")
	require.Equal(t, -1, f.Of("system.accelerator"))
}
