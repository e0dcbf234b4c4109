package scenarios_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// conclusions are what the what-ifs say, as conditions on what came of it.
func conclusions() map[string]func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
	return map[string]func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios){
		"what-if/h200-native-fp4": func(t *testing.T, _, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.PerMW.AcceleratorMeasured, 1.05, "more agents")
			require.Less(t, ratio.PerMW.AcceleratorMeasured, 2.0, "but the cache holds them back")
			require.Greater(t, is.Metrics.PrefixLost.Evicted, 0.2)
		},
		"what-if/h200-two-node-fp8": func(t *testing.T, _, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.PerAccelerator, 2.0, "the better kernel outweighs the network")
			require.Less(t, is.Metrics.PrefixLost.Evicted, 0.1)
		},
		"what-if/h200-twice-hbm": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.PerAccelerator, 2.5, "room for the sessions that come back")
			require.Greater(t, base.Metrics.PrefixLost.Evicted, 0.05+is.Metrics.PrefixLost.Evicted)
			require.Less(t, is.Metrics.PrefixLost.Evicted, 0.03)
			require.Greater(t, is.Memory[0].Cache, 5*base.Memory[0].Cache)
		},
		"what-if/gb300-domains-of-8": func(t *testing.T, _, _ *metrics.Result, ratio metrics.Ratios) {
			require.InDelta(t, 1, ratio.PerMW.AcceleratorMeasured, 0.05, "no worker is wider than a domain")
		},
		"what-if/no-disaggregation": func(t *testing.T, _, is *metrics.Result, ratio metrics.Ratios) {
			require.Less(t, ratio.PerAccelerator, 0.8)
			require.True(t, strings.HasPrefix(is.Limit, "output_speed"), "prompts slow decode: %s", is.Limit)
			require.Less(t, is.Metrics.TTFTP95S, 5.0)
		},
		"what-if/no-prefix-cache": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Less(t, ratio.PerAccelerator, 0.1)
			require.Zero(t, is.Metrics.PrefixHitRate)
			require.Greater(t, base.Metrics.PrefixHitRate, 0.9)
			require.True(t, strings.HasPrefix(is.Limit, "ttft"), is.Limit)
		},
		"what-if/slow-tools": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			waiting := (is.Time.CycleS - base.Time.CycleS) / base.Time.CycleS
			require.Greater(t, ratio.Agents, 1.2, "who waits takes no slot")
			require.Less(t, ratio.Agents, 1+waiting, "but keeps a cache")
			require.Less(t, is.Metrics.PrefixHitRate, base.Metrics.PrefixHitRate-0.01)
		},
		"what-if/slow-tools-host-tier": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.Agents, 1.2)
			require.Greater(t, is.Metrics.PrefixHitRate, base.Metrics.PrefixHitRate+0.01)
		},
		"what-if/contexts-200k": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Less(t, ratio.PerAccelerator, 0.9)
			require.Greater(t, is.Metrics.MeanInput, 1.8*base.Metrics.MeanInput)
			require.GreaterOrEqual(t, is.Metrics.PrefixHitRate, base.Metrics.PrefixHitRate-0.01, "caches still fit")
		},
		"what-if/gpt-oss-120b": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Less(t, ratio.PerAccelerator, 0.7, "the tier asks for five times the speed")
			require.Greater(t, is.Metrics.OutputTokS/is.Metrics.TurnsPerS, 100.0)
			require.Less(t, is.Time.Batch, base.Time.Batch)
		},
		"what-if/air-cooling": func(t *testing.T, _, _ *metrics.Result, ratio metrics.Ratios) {
			require.InDelta(t, 1, ratio.PerMW.AcceleratorMeasured, 0.03, "fans are not in the benchmark's denominator")
			require.InDelta(t, 0.75, ratio.PerMW.Facility, 0.07, "but on the building's meter")
		},
		"what-if/fourth-rack": func(t *testing.T, _, is *metrics.Result, ratio metrics.Ratios) {
			require.InDelta(t, 1, ratio.Agents, 0.05, "what a nameplate reserves is not drawn")
			require.Less(t, is.Power.ITW*72/32, 102e3)
		},
		"what-if/prefill-on-hopper": func(t *testing.T, _, is *metrics.Result, ratio metrics.Ratios) {
			require.Less(t, ratio.Agents, 0.5, "no 4-bit arithmetic, little room")
			require.Contains(t, is.Limit, "prefill")
			require.Greater(t, is.Metrics.OutputSpeedP25, 30.0)
		},
		"what-if/decode-only": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.GreaterOrEqual(t, ratio.Agents, 1.0, "of caches that lose nothing there is little to gain")
			require.NotContains(t, is.Limit, "prefill")
			require.Greater(t, is.Metrics.PrefixHitRate, base.Metrics.PrefixHitRate)
		},
		"what-if/prefill-only": func(t *testing.T, base, is *metrics.Result, _ metrics.Ratios) {
			require.Greater(t, is.Metrics.TurnsPerS, 1.5*base.Metrics.TurnsPerS)
			require.Contains(t, is.Limit, "prefill")
			require.Less(t, is.Time.Busy["decode"], 0.01)
		},
		"what-if/decode-context-parallel": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.Agents, 3.0, "each context once instead of eight times")
			require.InEpsilon(t, 8, is.Memory[0].CacheTokens/base.Memory[0].CacheTokens, 0.01)
		},
		"what-if/prefill-context-parallel": func(t *testing.T, base, is *metrics.Result, ratio metrics.Ratios) {
			require.Greater(t, ratio.Agents, 1.5, "prompts are soon done")
			require.True(t, strings.HasPrefix(base.Limit, "ttft"), base.Limit)
			require.Greater(t, is.Metrics.TurnsPerS, 1.5*base.Metrics.TurnsPerS)
		},
		"what-if/hall-1mw": func(t *testing.T, _, _ *metrics.Result, ratio metrics.Ratios) {
			require.InDelta(t, 1, ratio.PerAccelerator, 0.07, "units share nothing")
		},
	}
}

// asShipped names what runs with caches as its engine keeps them, since little
// of it is simulated. The rest takes ideal caches, which settle in seconds.
func asShipped(name string) bool {
	return strings.Contains(name, "h200") || strings.Contains(name, "context-parallel")
}

// tight leaves caches less room than the engine does.
const tight = "engine.memory.utilisation=0.4"

// sample names the what-ifs that every test runs: of a node and of a unit, of
// memory, batching, pools, power and parts.
func sample() []string {
	return []string{"what-if/h200-native-fp4", "what-if/h200-twice-hbm", "what-if/decode-context-parallel",
		"what-if/no-disaggregation", "what-if/decode-only", "what-if/prefill-on-hopper", "what-if/air-cooling"}
}

// What every what-if answers holds when it is run small: of a sample here, of
// all with `make laws`. Of the hall two units are enough.
func TestWhatIfs(t *testing.T) {
	if testing.Short() {
		t.Skip("searches a dozen capacities")
	}
	found := capacities{found: map[string]*metrics.Result{}}
	tested := conclusions()
	for _, name := range configs.NamesIn(scenarios.FS) {
		if !strings.HasPrefix(name, "what-if/") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := load(t, name)
			require.NotEmpty(t, s.Answer)
			require.Len(t, strings.Split(strings.TrimSpace(s.Because), "\n"), 3, "three lines say why")
			require.Contains(t, tested, name)
			if os.Getenv("AGENTSIM_LAWS") == "" && !slices.Contains(sample(), name) {
				return
			}
			ofBase, of := near(s.Extends), near(name)
			if !asShipped(name) {
				ofBase, of = append(ofBase, ideal), append(of, ideal)
			}
			if strings.HasPrefix(name, "what-if/slow-tools") { // ideal caches lose nothing with as much room as there is
				ofBase, of = append(ofBase, tight), append(of, tight)
			}
			if s.Deployment.Units > 1 {
				of = append(of, "deployment.units=2")
			}
			base, is := found.of(t, s.Extends, ofBase...), found.of(t, name, of...)
			tested[name](t, base, is, is.Over(base))
		})
	}
}

// near begins a search of a GB300 unit with more than two agents, which in a
// quarter of an hour make as many calls as the few of a node in hours, and gives
// caches that tools keep waiting the time to settle.
func near(name string) []string {
	var sets []string
	if strings.Contains(name, "slow-tools") {
		sets = append(sets, "protocol.duration=60s", "protocol.warmup=60s")
	}
	if strings.Contains(name, "h200") || strings.Contains(name, "no-prefix-cache") {
		return sets
	}
	if strings.Contains(name, "context-parallel") || strings.Contains(name, "kimi") {
		return append(sets, "protocol.start_agents=8", "protocol.duration_max=900s")
	}
	if strings.Contains(name, "-only") || strings.Contains(name, "hopper") {
		sets = append(sets, "protocol.tolerance=0.25") // of these only the direction is asked
	}
	return append(sets, "protocol.start_agents=512", "protocol.duration_max=900s")
}
