package deploy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/scenarios"
)

func load(t testing.TB, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

// auto is a scenario that leaves its deployment open, with a short protocol, on
// caches that lose nothing, where the estimate is near the simulator.
func auto(t testing.TB, name, accelerators string, sets ...string) *configs.Scenario {
	t.Helper()
	return load(t, name, append(sets, "deployment.mode=auto", "deployment.accelerators="+accelerators,
		"engine.cache.policy=ideal", "protocol=steady-state", "protocol.calls_min=300")...)
}
