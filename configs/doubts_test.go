package configs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/scenarios"
)

// What is hardly meant is said once, and scenarios as they are shipped say
// nothing of the kind; but the node of the public recipe serves shorter contexts
// than AgentPerf asks for, and whoever reads its result is told so.
func TestDoubtfulScenarios(t *testing.T) {
	warnings := func(name string, sets ...string) []string {
		s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
		require.NoError(t, err)
		return s.Warnings()
	}
	for _, name := range []string{"gb300-agentperf-slo20", "gb300-claude-code", "gb300-hall-1mw"} {
		require.Empty(t, warnings(name), name)
	}
	const ends = "workload.context_limit: 131072 tokens are more than the 86016 of deepseek-v4-pro: prompts end there"
	require.Equal(t, []string{ends}, warnings("h200-agentperf-slo20"))
	require.Empty(t, warnings("h200-agentperf-slo20", "model.max_context=131072"))
	for set, want := range map[string]string{
		"workload.context_limit=2000000":   "workload.context_limit: 2000000 tokens are more than the 86016 of deepseek-v4-pro",
		"workload.output.median=20000":     "workload.output: ",
		"deployment.precision.experts=fp8": "deployment.precision.experts: fp8, but deepseek-v4-pro is published in mxfp4",
		"model=gpt-oss-120b":               "deployment.precision.dense: fp8, but gpt-oss-120b is published in bf16: is it left over",
	} {
		list := strings.Join(warnings("h200-agentperf-slo20", set), "\n")
		require.Contains(t, list, want, set)
	}
}
