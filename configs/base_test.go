package configs

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func gb300(t testing.TB) Source {
	t.Helper()
	text, err := os.ReadFile("../scenarios/gb300-agentperf-slo20.yaml")
	require.NoError(t, err)
	return Source{Name: "gb300.yaml", Text: text}
}

// A Base gives what Load gives, also where presets are swapped, followed from
// others, and wrong.
func TestBaseIsLoad(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	for _, sets := range [][]string{
		nil,
		{"system.domain=8"},
		{"system=hgx-h200", "engine=vllm-2026-06"},
		{"system.preset=hgx-h200", "engine=vllm-2026-06"},
		{"workload.profile=claude-code", "workload.tool_gap.median=2s"},
		{"system.accelerator.hbm.capacity=144GB", "slo.output_speed.p25=60tok/s"},
		{"system.domains=8"},
		{"system=gb30-nvl72"},
		{"deployment.decode.workers=0"},
	} {
		for range 2 { // the second finds everything in the memo
			want, p, wantErr := Load[Scenario](Presets(), gb300(t), sets)
			got, q, err := base.Load(sets)
			if wantErr != nil {
				require.EqualError(t, err, wantErr.Error())
				continue
			}
			require.NoError(t, err, sets)
			require.Equal(t, want, got)
			require.Equal(t, len(p.Fields()), len(q.Fields()))
			require.Equal(t, p.At("system.accelerator.hbm.capacity"), q.At("system.accelerator.hbm.capacity"))
			require.Equal(t, p.Digest(), q.Digest())
		}
	}
}

func TestBaseReadsFilesOnce(t *testing.T) {
	reads := map[string]int{}
	read := func(name string) ([]byte, error) {
		reads[name]++
		return os.ReadFile("../scenarios/" + name)
	}
	base := NewBase[Scenario](Presets(), Source{Name: "gb300-agentperf-slo20.yaml", ReadFile: read})
	for range 3 {
		_, _, err := base.Load([]string{"system.domain=8"})
		require.NoError(t, err)
	}
	require.Equal(t, map[string]int{"gb300-agentperf-slo20.yaml": 1}, reads)
}

func TestBaseServesManyAtOnce(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	var wait sync.WaitGroup
	digests := make([]string, 8)
	for i := range digests {
		wait.Go(func() {
			_, p, err := base.Load([]string{"system.domain=8"})
			if err == nil {
				digests[i] = p.Digest()
			}
		})
	}
	wait.Wait()
	for _, d := range digests {
		require.Equal(t, digests[0], d)
		require.Len(t, d, 64)
	}
}

// Try looks at each override by itself; whether the whole is possible is
// another question.
func TestBaseTry(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	p, err := base.Try([]string{"deployment.decode.workers=0"})
	require.NoError(t, err)
	v, err := p.Value("deployment.decode.workers")
	require.NoError(t, err)
	require.Equal(t, Value{Text: "0", Numeric: true, Whole: true}, v)
	for set, want := range map[string]string{
		"system.domains=8":  "--set: system.domains: unknown key, did you mean domain?",
		"system.domain=8GB": "--set: system.domain 8GB: want a whole number",
	} {
		_, err = base.Try([]string{set})
		require.ErrorContains(t, err, want)
	}
}

func TestBasePresetsAt(t *testing.T) {
	base := NewBase[Scenario](Presets(), gb300(t))
	require.Equal(t, Presets().Names("accelerators"), base.PresetsAt("system.accelerator"))
	require.Equal(t, Presets().Names("systems"), base.PresetsAt("system"))
	require.Empty(t, base.PresetsAt("system.domain"))
	require.Empty(t, base.PresetsAt("nothing.of.this"))
}

func BenchmarkBase(b *testing.B) {
	base := NewBase[Scenario](Presets(), gb300(b))
	for b.Loop() {
		_, p, err := base.Load([]string{"system.domain=8", "workload.tool_gap.median=2s"})
		require.NoError(b, err)
		require.Len(b, p.Digest(), 64)
	}
}
