package calibrate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
)

const gemmTable = "toy/gemm/trtllm/1.0/gemm_perf"

func preset(t *testing.T, file string) hardware.KernelSet {
	t.Helper()
	source := configs.Source{Name: file, ReadFile: os.ReadFile}
	k, _, err := configs.Load[hardware.KernelSet](&configs.Library{}, source, nil)
	require.NoError(t, err)
	return *k
}

func TestRunFindsTheConstantsBehindATable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, gemmTable, gemmRows(0, 0))
	o := options(t, dir)
	r, err := Run(o)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(o.Out, "toy-trtllm.yaml")}, r.Presets)
	require.Len(t, r.Families, 1)
	require.Equal(t, "gemm", r.Families[0].Family)
	require.Equal(t, 490, r.Families[0].N)
	require.Less(t, r.Families[0].MAPE, 0.01)

	k := preset(t, r.Presets[0])
	want, got := trueGEMM(), k.GEMM[hardware.BF16]
	require.InEpsilon(t, float64(want.Floor), float64(got.Floor), 0.05)
	require.InEpsilon(t, want.ComputeEfficiency, got.ComputeEfficiency, 0.05)
	require.InEpsilon(t, want.MemoryEfficiency, got.MemoryEfficiency, 0.05)
	require.InEpsilon(t, float64(want.PerUnit), float64(got.PerUnit), 0.1)
	s := k.Sources["gemm.bf16"]
	require.Equal(t, "fitted", s.Basis)
	require.Equal(t, gemmTable, s.Table)
	require.Equal(t, 490, s.Points)
	require.Equal(t, "1.0", k.Version)
}

func TestOutliersDoNotPullTheFit(t *testing.T) {
	clean, dirty := t.TempDir(), t.TempDir()
	write(t, clean, gemmTable, gemmRows(0.05, 0))
	write(t, dirty, gemmTable, gemmRows(0.05, 25))
	a, err := Run(options(t, clean))
	require.NoError(t, err)
	b, err := Run(options(t, dirty))
	require.NoError(t, err)
	one, other := preset(t, a.Presets[0]).GEMM[hardware.BF16], preset(t, b.Presets[0]).GEMM[hardware.BF16]
	require.InEpsilon(t, one.ComputeEfficiency, other.ComputeEfficiency, 0.03)
	require.InEpsilon(t, one.MemoryEfficiency, other.MemoryEfficiency, 0.06)
	require.Less(t, a.Families[0].MAPE, 0.03, "uniform noise of 5 %")
}

func TestRunTwiceWritesTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, gemmTable, gemmRows(0.1, 3))
	o := options(t, dir)
	r, err := Run(o)
	require.NoError(t, err)
	first, err := os.ReadFile(r.Presets[0])
	require.NoError(t, err)
	_, err = Run(o)
	require.NoError(t, err)
	second, err := os.ReadFile(r.Presets[0])
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	entries, err := os.ReadDir(o.Out)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left aside")
}

func TestNewestVersionIsFitted(t *testing.T) {
	dir := t.TempDir()
	slow := gemmRows(0, 0)
	for i := range slow {
		slow[i].Latency *= 3
	}
	write(t, dir, "toy/gemm/trtllm/1.0rc9/gemm_perf", slow)
	write(t, dir, "toy/gemm/trtllm/1.0rc10/gemm_perf", gemmRows(0, 0))
	r, err := Run(options(t, dir))
	require.NoError(t, err)
	require.Less(t, r.Families[0].MAPE, 0.01)
	require.Contains(t, r.Excluded, Exclusion{Table: "toy/gemm/trtllm/1.0rc9/gemm_perf", Reason: "an older version"})
}

func TestReportSaysWhatWasLeftOut(t *testing.T) {
	dir := t.TempDir()
	rows := append(gemmRows(0, 0), gemmRow{"torch", "int8_wo", 1, 512, 512, 1},
		gemmRow{"torch", "bfloat16", 1, 32, 512, 1}, gemmRow{"torch", "bfloat16", 1, 512, 512, 0})
	write(t, dir, gemmTable, rows)
	write(t, dir, "toy/linear_attention/trtllm/1.0/mamba2_perf", rows)
	write(t, dir, "other_sxm/gemm/trtllm/1.0/gemm_perf", rows)
	r, err := Run(options(t, dir))
	require.NoError(t, err)
	require.Equal(t, []Exclusion{
		{"toy/linear_attention/trtllm/1.0/mamba2_perf", 0, "Mamba: no preset model has it"},
		{"other_sxm", 0, "no accelerator preset other"},
		{gemmTable, 1, "gemm_dtype int8_wo: no preset model is stored that way"},
		{gemmTable, 1, "n or k below 256: engines fuse such projections"},
		{gemmTable, 1, "not measured: latency is 0 or less"},
	}, r.Excluded)
}

func TestAcceleratorsWithoutTablesAreDerived(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, gemmTable, gemmRows(0, 0))
	o := options(t, dir)
	next := toy()
	next.Name, next.HBM.Bandwidth = "next", 8e12
	foreign := toy()
	foreign.Name, foreign.Vendor = "foreign", "amd"
	o.Accelerators = append(o.Accelerators, next, foreign)
	r, err := Run(o)
	require.NoError(t, err)
	require.Len(t, r.Presets, 2, "TensorRT-LLM does not run on another vendor's accelerators")
	k := preset(t, filepath.Join(o.Out, "next-trtllm.yaml"))
	require.Equal(t, "assumed", k.Sources["gemm"].Basis)
	require.Equal(t, preset(t, r.Presets[0]).GEMM, k.GEMM, "a GEMM's constants are shares of its rates")
}

func TestCheckJudgesWithoutFitting(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, gemmTable, gemmRows(0, 0))
	o := options(t, dir)
	r, err := Run(o)
	require.NoError(t, err)
	k := preset(t, r.Presets[0])
	slow := gemmRows(0, 0)
	for i := range slow {
		slow[i].Latency *= 2
	}
	other := t.TempDir()
	write(t, other, gemmTable, slow)
	write(t, other, "toy/gemm/vllm/1.0/gemm_perf", slow)
	c, err := Check(CheckOptions{Tables: other, Accelerators: o.Accelerators, Kernels: []hardware.KernelSet{k}})
	require.NoError(t, err)
	require.Len(t, c.Families, 1)
	require.InDelta(t, 0.5, c.Families[0].MAPE, 0.01)
	require.InDelta(t, -0.5, c.Families[0].Bias, 0.01)
	require.Contains(t, c.Excluded, Exclusion{Table: "toy/vllm", Reason: "no kernel preset of vllm on toy"})

	text, err := json.Marshal(c)
	require.NoError(t, err)
	var fields struct {
		Families []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &fields))
	for _, name := range []string{"system", "engine", "family", "n", "mape", "median_ape"} {
		require.Contains(t, fields.Families[0], name)
	}
}

func TestFiguresAreDrawn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, gemmTable, gemmRows(0.1, 0))
	o := options(t, dir)
	o.Figures = filepath.Join(t.TempDir(), "figures")
	r, err := Run(o)
	require.NoError(t, err)
	base := filepath.Join(o.Figures, "kernels-gemm")
	require.Equal(t, []string{base + ".png", base + ".svg"}, r.Figures)
	png, err := os.ReadFile(r.Figures[0])
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(png), "\x89PNG"))
	svg, err := os.ReadFile(r.Figures[1])
	require.NoError(t, err)
	require.Contains(t, string(svg), "measured (s)")
}
