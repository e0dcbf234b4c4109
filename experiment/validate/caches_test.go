package validate

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

// replays reads runs of KernelBook on MiniMax, which keeps one component, as
// changed.
func replays(t *testing.T, rows ...row) []Case {
	t.Helper()
	base := row{"id": "a", "date": "2026-06-09", "engine": "vllm", "version": "0.24.0", "system": "hgx-h200",
		"model": "minimax-m2", "mode": "aggregated", "gpus": "8", "decode_workers": "1", "decode_gpus": "8",
		"concurrency": "2", "workload": "kernelbook: 6 sessions, 70 turns", "load": "sessions", "prefix_hit": "0.9"}
	header := []string{"date", "version", "prefix_hit", "warmup_s", "window_s", "notes"}
	header = append(header, agentColumns()...)
	lines := []string{strings.Join(header, ",")}
	for _, changes := range rows {
		var cells []string
		for _, column := range header {
			value, ok := changes[column]
			if !ok {
				value = base[column]
			}
			cells = append(cells, `"`+value+`"`)
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	cases, err := Read(strings.NewReader(strings.Join(lines, "\n")+"\n"), "cases.csv")
	require.NoError(t, err)
	return cases
}

func TestAWarmReplayFindsTheFirstPass(t *testing.T) {
	r, err := Run(context.Background(), replays(t, row{"id": "warm", "notes": "warm replay"}, row{"id": "cold"}), Options{})
	require.NoError(t, err)
	require.Greater(t, of(t, r, "warm", Hit), 0.98, "measured on such runs: 0.999")
	require.Less(t, of(t, r, "cold", Hit), 0.92)
}

func TestRowsTellWhatTheyKeep(t *testing.T) {
	engine := func(changes row) (policy string, memory float64, index hardware.Format) {
		job, err := newPresets().cluster(&replays(t, changes)[0], &Options{})
		require.NoError(t, err)
		e := &job.config.Engine
		return e.Cache.Policy, e.Memory.Utilisation, e.Memory.IndexFormat
	}
	policy, memory, _ := engine(row{"version": "0.21.0", "notes": "KV 0.9 memory share"})
	require.Equal(t, "vllm-0.21", policy)
	require.Equal(t, 0.9, memory)
	_, memory, _ = engine(row{"notes": "local run, memory share 0.8: the cache does not hold the trees"})
	require.Equal(t, 0.8, memory)
	v4 := row{"model": "deepseek-v4-pro", "system": "mi355x-8", "workload": "agentx", "load": "lanes",
		"warmup_s": "600", "window_s": "3600", "date": "2026-07", "version": "nightly"}
	policy, _, _ = engine(v4)
	require.Equal(t, "vllm-0.29", policy, "an interval, as recipes for agents are taken to set")
	v4["load"], v4["workload"] = "sessions", "kernelbook"
	policy, _, _ = engine(v4)
	require.Equal(t, "vllm-0.26", policy, "the default")
	v4["engine"], v4["date"], v4["notes"] = "atom", "2026-08", "FP4 index cache"
	policy, _, index := engine(v4)
	require.Equal(t, "atom-tails", policy)
	require.Equal(t, hardware.MXFP4, index)
	v4["date"] = "2026-06"
	policy, _, _ = engine(v4)
	require.Equal(t, "atom-ring", policy)
}
