package calibrate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// The presets that ship, against tables they were fitted to: a few small
// families of one system, so that the test stays short.
func TestShippedPresetsFollowTheTables(t *testing.T) {
	dir := t.TempDir()
	for _, table := range []string{
		"gb300/mla/trtllm/1.3.0rc20/mla_generation_module_perf",
		"gb300/mla/trtllm/1.3.0rc20/mla_context_module_perf",
		"gb300/mla/trtllm/1.3.0rc20/context_mla_perf",
		"gb300/mhc/trtllm/1.3.0rc20/mhc_module_perf",
		"gb300/sparse_attention/trtllm/1.3.0rc23/dsv4_hca_generation_module_perf",
		"gb300/sparse_attention/trtllm/1.3.0rc23/dsv4_csa_generation_module_perf",
		"gb300/moe/trtllm/1.3.0rc23/moe_perf",
	} {
		content, err := os.ReadFile(sharedPath(t, filepath.Join("kernels", table+tableSuffix)))
		require.NoError(t, err)
		file := filepath.Join(dir, table+tableSuffix)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), dirPermissions))
		require.NoError(t, os.WriteFile(file, content, filePermissions))
	}
	library := configs.Presets()
	a, _, err := configs.LoadPreset[hardware.Accelerator](library, "accelerators", "gb300", nil)
	require.NoError(t, err)
	k, _, err := configs.LoadPreset[hardware.KernelSet](library, "kernels", "gb300-trtllm", nil)
	require.NoError(t, err)
	r, err := Check(CheckOptions{Tables: dir, Accelerators: []hardware.Accelerator{*a}, Kernels: []hardware.KernelSet{*k}})
	require.NoError(t, err)
	most := map[string]float64{"mla.decode": 0.1, "mla.prefill": 0.05, "mla-core.prefill": 0.07, "residual": 0.1,
		"hca.decode": 0.05, "csa.decode": 0.08, "experts": 0.35}
	require.Len(t, r.Families, len(most))
	for _, f := range r.Families {
		require.Less(t, f.MAPE, most[f.Family], f.Family)
	}
	require.Less(t, medianMAPE(r.Families, "gb300", "trtllm"), 0.1)
}

// Every engine on every measured accelerator has a preset that loads.
func TestShippedPresetsLoad(t *testing.T) {
	library := configs.Presets()
	for _, name := range library.Names("kernels") {
		k, _, err := configs.LoadPreset[hardware.KernelSet](library, "kernels", name, nil)
		require.NoError(t, err)
		require.NoError(t, k.Validate(), name)
		require.Equal(t, name, k.Name)
		require.Contains(t, name, k.Accelerator+"-")
	}
}
