package calibrate

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// refused runs a calibration that must fail and must leave nothing behind.
func refused(t *testing.T, dir string, words ...string) {
	t.Helper()
	o := options(t, dir)
	o.Figures = filepath.Join(t.TempDir(), "figures")
	_, err := Run(o)
	require.Error(t, err)
	for _, word := range words {
		require.ErrorContains(t, err, word)
	}
	require.NoDirExists(t, o.Out)
	require.NoDirExists(t, o.Figures)
}

func TestEmptyDirectory(t *testing.T) {
	dir := t.TempDir()
	refused(t, dir, dir, "no <system>/<family>/<engine>/<version>/<table>.parquet")
	refused(t, filepath.Join(dir, "nowhere"), "nowhere", "no such file")
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, filePermissions))
	refused(t, file, "is a file; name the directory")
}

func TestMissingColumn(t *testing.T) {
	dir := t.TempDir()
	type row struct {
		Kernel  string  `parquet:"kernel_source"`
		DType   string  `parquet:"gemm_dtype"`
		M       int64   `parquet:"m"`
		K       int64   `parquet:"k"`
		Latency float64 `parquet:"latency"`
	}
	file := write(t, dir, gemmTable, []row{{"a", "bfloat16", 1, 1, 1}})
	refused(t, dir, file, `column "n" is missing; the table has gemm_dtype, k, kernel_source, latency, m`)
}

func TestColumnOfAnotherKind(t *testing.T) {
	dir := t.TempDir()
	type row struct {
		Kernel  string  `parquet:"kernel_source"`
		DType   string  `parquet:"gemm_dtype"`
		M       int64   `parquet:"m"`
		N       string  `parquet:"n"`
		K       int64   `parquet:"k"`
		Latency float64 `parquet:"latency"`
	}
	file := write(t, dir, gemmTable, []row{{"a", "bfloat16", 1, "wide", 1, 1}})
	refused(t, dir, file, `column "n" holds words`)
}

func TestNotANumber(t *testing.T) {
	dir := t.TempDir()
	rows := gemmRows(0, 0)
	rows[41].Latency = math.NaN()
	file := write(t, dir, gemmTable, rows)
	refused(t, dir, file, `column "latency" row 42 is NaN`)
	rows[41].Latency = math.Inf(1)
	write(t, dir, gemmTable, rows)
	refused(t, dir, file, `column "latency" row 42 is +Inf`)
	rows[41].Latency, rows[3].M = 1, 0
	write(t, dir, gemmTable, rows)
	refused(t, dir, file, `column "m" row 4 is 0, not above 0`)
}

func TestOtherUnits(t *testing.T) {
	for name, scale := range map[string]float64{"microseconds": 1e3, "seconds": 1e-3} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			rows := gemmRows(0, 0)
			for i := range rows {
				rows[i].Latency *= scale
			}
			file := write(t, dir, gemmTable, rows)
			refused(t, dir, file, `column "latency"`, "milliseconds")
		})
	}
}

func TestCutFile(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, gemmTable, gemmRows(0, 0))
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, size := range []int{0, 3, 100, len(whole) / 2, len(whole) - 1} {
		require.NoError(t, os.WriteFile(file, whole[:size], filePermissions))
		refused(t, dir, file, "not a whole Parquet file")
	}
	damaged := append([]byte(nil), whole...)
	for i := 10; i < len(damaged)/2; i++ {
		damaged[i] ^= 0x5a
	}
	require.NoError(t, os.WriteFile(file, damaged, filePermissions))
	refused(t, dir, file)
}

func TestNoRows(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, gemmTable, []gemmRow{})
	refused(t, dir, file, "has no rows")
}

func FuzzTable(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "t.parquet")
	f.Add([]byte("PAR1"))
	f.Add([]byte("PAR1\x15\x00\x15\x10PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file := path + t.Name()[len(t.Name())-1:]
		require.NoError(t, os.WriteFile(file, content, filePermissions))
		if _, err := readTable(location{Path: file}); err != nil {
			require.ErrorContains(t, err, file)
		}
	})
}
