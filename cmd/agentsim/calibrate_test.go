package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/calibrate"
)

// fewTables copies a few small families of measured kernels.
func fewTables(t *testing.T) string { return fewTablesOf(t, "h200_sxm") }

func fewTablesOf(t *testing.T, system string) string {
	t.Helper()
	dir := t.TempDir()
	for _, table := range []string{
		system + "/mla/vllm/0.24.0/mla_generation_module_perf.parquet",
		system + "/mla/vllm/0.24.0/mla_context_module_perf.parquet",
		system + "/mla/vllm/0.22.0/mla_generation_module_perf.parquet", // carries watts
		system + "/mhc/vllm/0.24.0/mhc_module_perf.parquet",
	} {
		file := filepath.Join(dir, table)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, read(t, sharedPath(t, "kernels/"+table)), 0o600))
	}
	return dir
}

// Of B200, whose tables have captured graphs: presets hold no launches of a host, as
// those of vLLM's MLA on H200 do.
func TestCalibrateCheck(t *testing.T) {
	tables := fewTablesOf(t, "b200_sxm")
	o := agentsim(t, "calibrate", tables, "--check", "-o", "json")
	require.Zero(t, o.code, o.stderr)
	var r calibrate.CheckReport
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.Len(t, r.Families, 3)
	for _, f := range r.Families {
		require.Equal(t, "b200_sxm vllm", f.System+" "+f.Engine)
		require.Positive(t, f.N)
		require.Less(t, f.MAPE, 0.15, f.Family)
		require.LessOrEqual(t, f.MedianAPE, f.MAPE*1.5)
	}
	for _, key := range []string{`"system"`, `"engine"`, `"family"`, `"n"`, `"mape"`, `"median_ape"`} {
		require.Contains(t, o.stdout, key)
	}
	table := agentsim(t, "calibrate", tables, "--check")
	require.Contains(t, table.stdout, "mla.decode")
	require.Contains(t, table.stdout, "rows took no part")
}

func TestCalibrateWritesPresetsAndFigures(t *testing.T) {
	tables := fewTables(t)
	var presets, figures [2][]byte
	for i := range presets {
		out, plots := t.TempDir(), t.TempDir()
		o := agentsim(t, "calibrate", tables, "--out", out, "--plot", plots, "--source", "two tables", "--date", "2026-01-02")
		require.Zero(t, o.code, o.stderr)
		require.Contains(t, o.stderr, "power is not written")
		require.Contains(t, o.stdout, "wrote "+filepath.Join(out, "kernels", "h200-vllm.yaml"))
		presets[i] = read(t, filepath.Join(out, "kernels", "h200-vllm.yaml"))
		figures[i] = read(t, filepath.Join(plots, "kernels-mla.decode.png"))
	}
	require.Contains(t, string(presets[0]), "two tables")
	require.Contains(t, string(presets[0]), "2026-01-02")
	require.Equal(t, presets[0], presets[1])
	require.Equal(t, figures[0], figures[1])
}

// Accelerator presets that are there get the fitted power, and keep the rest.
func TestCalibrateWritesPower(t *testing.T) {
	out := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(out, "accelerators"), os.DirFS("../../configs/accelerators")))
	o := agentsim(t, "calibrate", fewTables(t), "--out", out, "--date", "2026-01-02")
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stderr)
	require.Contains(t, o.stdout, "as h200: the same silicon")
	written := string(read(t, filepath.Join(out, "accelerators", "h200.yaml")))
	require.Contains(t, written, "2026-01-02")
	require.Equal(t, strings.Count(string(read(t, "../../configs/accelerators/h200.yaml")), "\n"),
		strings.Count(written, "\n"))
}

func TestBadCalibrateInput(t *testing.T) {
	empty, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	cases := []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "wants one directory", nil},
		{exitUsage, "want a directory of kernel tables", []string{"no-such-tables"}},
		{exitUsage, "--output csv", []string{empty, "-o", "csv"}},
		{exitUsage, "--date", []string{empty, "--date", "yesterday"}},
		{exitUsage, "--check writes nothing", []string{empty, "--check", "--out", out}},
		{exitFailure, "<table>.parquet", []string{empty, "--check"}},
		{exitFailure, "<table>.parquet", []string{empty, "--out", out}},
	}
	for _, c := range cases {
		o := agentsim(t, append([]string{"calibrate"}, c.args...)...)
		require.Equal(t, c.code, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want)
		require.Empty(t, o.stdout)
		require.NoDirExists(t, out)
	}
}
