package experiment_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment"
	"agentsim/metrics"
)

// promised are the paths that other people's scripts read: architecture.md
// section 7, common to capacity and run, and of capacity alone.
func promised(capacity bool) []string {
	paths := strings.Fields(`
		scenario seed fingerprint version limit calls events wall_s
		metrics.output_speed_p25 metrics.ttft_p50_s metrics.ttft_p95_s metrics.tpot_p50_ms
		metrics.turns_per_s metrics.input_tok_s metrics.output_tok_s metrics.prefix_hit_rate
		power.accelerator_w power.it_w power.facility_w power.by_component power.joules_per_output_token`)
	if !capacity {
		return append(paths, "agents")
	}
	return append(paths, strings.Fields(`
		capacity.agents capacity.agents_low capacity.agents_high capacity.agents_per_accelerator
		capacity.agents_per_mw.accelerator_measured capacity.agents_per_mw.accelerator_tdp
		capacity.agents_per_mw.it capacity.agents_per_mw.facility
		search[].agents search[].pass`)...)
}

// paths lists what a JSON value holds: every field by its path, [] for the
// items of a list.
func paths(value any, path string) []string {
	list := []string{path}
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			list = append(list, paths(below, strings.TrimPrefix(path+"."+key, "."))...)
		}
	case []any:
		for _, item := range v {
			list = append(list, paths(item, path+"[]")...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func written(t *testing.T, r *metrics.Result) []string {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(text, &value))
	return paths(value, "")[1:]
}

func TestResultsKeepTheirKeys(t *testing.T) {
	c := capacity(t, quick(t))
	r, err := experiment.Run(context.Background(), quick(t), 4, experiment.Options{})
	require.NoError(t, err)
	require.Subset(t, written(t, c), promised(true))
	require.Subset(t, written(t, r), promised(false))
	require.NotContains(t, written(t, r), "capacity")
	require.NotContains(t, written(t, r), "search")
}

// Numbers that are not known well are still numbers: JSON has no infinity.
func TestResultsOfNextToNothingCanBeWritten(t *testing.T) {
	for _, sets := range [][]string{
		{"protocol.duration=2s", "protocol.duration_max=2s", "protocol.warmup=0s", "protocol.ramp=0s"},
		{"protocol.duration=0.01s", "protocol.duration_max=0.01s", "protocol.warmup=0s", "protocol.ramp=100s"},
		{"slo.min_output_tokens=1000000"},
	} {
		r, err := experiment.Run(context.Background(), quick(t, sets...), 2, experiment.Options{})
		require.NoError(t, err)
		_, err = json.Marshal(r)
		require.NoError(t, err, "%v", sets)
	}
}
