package calibrate

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/units"
)

// sharedPath is a file of the shared data; without it the test is skipped,
// but not in CI.
func sharedPath(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: %v", path, err)
		}
		t.Skipf("%s is not here", path)
	}
	return path
}

// toy is an accelerator with round rates.
func toy() hardware.Accelerator {
	return hardware.Accelerator{
		Name: "toy", Vendor: "nvidia",
		Compute: map[hardware.Format]units.FLOPRate{hardware.BF16: 1e15, hardware.FP8: 2e15},
		HBM:     hardware.HBM{Bandwidth: 4e12}, ScaleUp: 4e11, ScaleOut: 5e10,
	}
}

type gemmRow struct {
	Kernel  string  `parquet:"kernel_source"`
	DType   string  `parquet:"gemm_dtype"`
	M       int64   `parquet:"m"`
	N       int64   `parquet:"n"`
	K       int64   `parquet:"k"`
	Latency float64 `parquet:"latency"`
}

// trueGEMM prices the rows of the toy's GEMM table.
func trueGEMM() hardware.Roofline {
	return hardware.Roofline{Floor: 4e-6, PerUnit: 5e-10, ComputeEfficiency: 0.7, MemoryEfficiency: 0.8, Exponent: 2}
}

// gemmRows is a table that follows trueGEMM but for noise, and for outliers
// that took ten times as long.
func gemmRows(noise float64, outliers int) []gemmRow {
	random := rand.New(rand.NewPCG(7, 7))
	var rows []gemmRow
	for _, m := range []int64{1, 4, 16, 64, 128, 256, 512, 1024, 4096, 16384} {
		for _, n := range []int64{256, 512, 1024, 2048, 4096, 8192, 16384} {
			for _, k := range []int64{256, 512, 1024, 2048, 4096, 8192, 16384} {
				w := hardware.GEMMWork(float64(m), float64(n), float64(k), hardware.BF16)
				seconds := trueGEMM().Seconds(w, 1e15, 4e12) * (1 + noise*(2*random.Float64()-1))
				rows = append(rows, gemmRow{"torch", "bfloat16", m, n, k, seconds / millisecond})
			}
		}
	}
	for range outliers {
		rows[random.IntN(len(rows))].Latency *= 10
	}
	return rows
}

// write puts rows where a table belongs and returns its file.
func write[T any](t *testing.T, dir, table string, rows []T) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(table)+tableSuffix)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), dirPermissions))
	require.NoError(t, parquet.WriteFile(path, rows))
	return path
}

func options(t *testing.T, tables string) Options {
	return Options{Tables: tables, Out: filepath.Join(t.TempDir(), "out"), Accelerators: []hardware.Accelerator{toy()},
		Source: "made up", Date: "2026-01-01"}
}
