package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplainField(t *testing.T) {
	o := agentsim(t, "explain-field", "system.accelerator.scale_up")
	require.Zero(t, o.code, o.stderr)
	for _, want := range []string{"one way", "quantity, as 8TB/s", "h200", "450GB/s", "vendor", "both directions"} {
		require.Contains(t, o.stdout, want)
	}
	o = agentsim(t, "explain-field", "deployment.batching", "-o", "json")
	var m struct {
		Among   []string
		Default string
	}
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &m))
	require.Equal(t, []string{"mixed", "prefill-priority"}, m.Among)
	require.Equal(t, "mixed", m.Default)
	o = agentsim(t, "explain-field", "system.acelerator")
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "did you mean accelerator?")
}

// What can be typed next is what is there.
func TestCompletion(t *testing.T) {
	offers := func(args ...string) []string {
		o := agentsim(t, append([]string{"__completeNoDesc"}, args...)...)
		require.Zero(t, o.code, o.stderr)
		return strings.Split(strings.TrimSpace(o.stdout), "\n")
	}
	require.Contains(t, offers("capacity", "h200"), "h200-agentperf-slo20")
	require.Contains(t, offers("capacity", "x", "--set", "system.accelerator.sc"), "system.accelerator.scale_up=")
	require.Contains(t, offers("capacity", "x", "--set", "sys"), "system=")
	require.Contains(t, offers("capacity", "x", "--set", "system=hgx"), "system=hgx-h200")
	require.Contains(t, offers("capacity", "x", "--set", "deployment.batching="), "deployment.batching=mixed")
	require.Contains(t, offers("list", "sys"), "systems")
	require.Contains(t, offers("list", "systems", "h"), "helios-72")
	require.Contains(t, offers("capacity", "x", "-o", ""), "json")
}

func TestListsSayWhatTheyList(t *testing.T) {
	o := agentsim(t, "list", "systems")
	require.Regexp(t, "hgx-h200 +HGX or DGX H200: eight accelerators", o.stdout)
	o = agentsim(t, "list", "scenarios")
	require.Contains(t, o.stdout, "One HGX H200 node as the public recipe serves DeepSeek-V4-Pr")
	o = agentsim(t, "list", "accelerators", "h200")
	require.Regexp(t, `scale_up +450GB/s +vendor +NVIDIA H200 data sheet`, o.stdout)
	require.Contains(t, agentsim(t, "schema").stdout, "half of a data sheet's sum")
	require.Contains(t, agentsim(t, "schema").stdout, `"prefill-priority"`)
}
