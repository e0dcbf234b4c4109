package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
)

const casesHeader = "id,date,engine,system,model,weights,kv_cache,mode,gpus,prefill_workers,prefill_gpus,prefill_tp," +
	"prefill_ep,prefill_dp_attention,decode_workers,decode_gpus,decode_tp,decode_ep,decode_dp_attention,mtp,isl,osl," +
	"length_range,concurrency,total_tok_s_gpu,output_tok_s_gpu,tpot_p50_ms,ttft_p50_s,ttft_p99_s,gpu_power_w," +
	"j_per_output_tok\n"

// casesFile holds an invented run, one that does not say how attention is
// split, and one that was measured faster than memory can be read.
func casesFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cases.csv")
	node := ",2026-05-17,sglang,hgx-h200,deepseek-r1,fp8,,aggregated,8,,,,,,1,8,"
	text := casesHeader +
		"plain" + node + "8,1,false,false,1024,64,0.8-1.0,4,100,,10,0.1,,,\n" +
		"untold" + node + ",1,false,false,1024,64,0.8-1.0,4,100,,10,0.1,,,\n" +
		"impossible" + node + "8,1,false,false,1024,64,0.8-1.0,64,100,,0.2,0.1,,,\n"
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	return name
}

func TestValidatePrintsTheContract(t *testing.T) {
	file := casesFile(t)
	o := agentsim(t, "validate", file, "-o", "json")
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stderr)
	var r struct {
		Cases []struct {
			ID                         string
			Metric                     string
			Measured, Predicted, Error float64
			P10, P90                   float64
			Inside                     *bool
		}
		Coverage map[string]struct {
			N             int
			Inside, Width float64
		}
		Summary map[string]struct {
			N         int
			MAPE      float64
			MedianAPE float64 `json:"median_ape"`
			Bias      float64
		}
		Unfitted map[string]json.RawMessage
		Groups   []json.RawMessage
		Factors  []json.RawMessage
		Skipped  []struct{ ID, Why string }
	}
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.Len(t, r.Cases, 4, "three columns, and the step at the measured batch")
	c := r.Cases[1]
	require.Equal(t, "plain", c.ID)
	require.Equal(t, "tpot_p50_ms", c.Metric)
	require.InDelta(t, c.Predicted/c.Measured-1, c.Error, 1e-12)
	require.NotNil(t, c.Inside)
	require.Less(t, c.P10, c.P90)
	require.Equal(t, c.P10 <= c.Measured && c.Measured <= c.P90, *c.Inside)
	require.Equal(t, 1, r.Coverage["tpot_p50_ms"].N)
	require.InDelta(t, c.P90/c.P10, r.Coverage["tpot_p50_ms"].Width, 1e-9)
	require.Equal(t, 1, r.Summary["tpot_p50_ms"].N)
	require.Equal(t, c.Error, r.Summary["tpot_p50_ms"].Bias)
	require.Contains(t, r.Unfitted, "tpot_p50_ms")
	require.NotEmpty(t, r.Groups)
	require.NotEmpty(t, r.Factors)
	require.Len(t, r.Skipped, 2)
	require.Equal(t, o, agentsim(t, "validate", file, "-o", "json"), "the same bytes every time")
}

// The table as a story: numbers are masked, for they follow the kernel presets.
func TestValidateTellsAStory(t *testing.T) {
	o := agentsim(t, "validate", casesFile(t))
	require.Zero(t, o.code, o.stderr)
	masked := regexp.MustCompile(`[+-]?\d+(\.\d+)?(e[+-]?\d+)?`).ReplaceAllString(o.stdout, "#")
	masked = regexp.MustCompile(` +`).ReplaceAllString(masked, " ")
	golden := filepath.Join("testdata", "validate.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(masked), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), masked)
}

func TestValidateWritesCSVAndFigures(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cases-out.csv")
	o := agentsim(t, "validate", casesFile(t), "-o", "csv", "--out", file, "--plot", dir)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stdout)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"id", "metric", "measured", "predicted", "error", "mtp", "p10", "p90", "inside",
		"inputs.files", "inputs.overrides", "inputs.subject", "inputs.version"}, rows[0])
	require.Len(t, rows, 1+4)
	for _, name := range []string{"validate-tpot_p50_ms.png", "validate-tpot_p50_ms.svg", "validate-ttft_p50_s.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	require.NoFileExists(t, filepath.Join(dir, "validate-gpu_power_w.png"), "nothing was measured")
}

func TestValidateRefusesBadTables(t *testing.T) {
	good, err := os.ReadFile(casesFile(t))
	require.NoError(t, err)
	dir := t.TempDir()
	for want, text := range map[string]string{
		"bad.csv:1: column concurrency is missing":        strings.Replace(string(good), "concurrency", "users", 1),
		`line 2: tpot_p50_ms: "NaN"`:                      strings.Replace(string(good), ",10,0.1", ",NaN,0.1", 1),
		`line 2: concurrency: "-4"`:                       strings.Replace(string(good), ",4,100", ",-4,100", 1),
		"line 2: system: hgx-h201":                        strings.Replace(string(good), "hgx-h200", "hgx-h201", 1),
		"bad.csv: empty":                                  "",
		"open " + filepath.Join(dir, "missing.csv") + ":": "missing",
	} {
		name := filepath.Join(dir, "bad.csv")
		if text == "missing" {
			name = filepath.Join(dir, "missing.csv")
		} else {
			require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		}
		out := filepath.Join(dir, "out.json")
		o := agentsim(t, "validate", name, "-o", "json", "--out", out)
		require.NotZero(t, o.code, want)
		require.Contains(t, o.stderr, want)
		require.NoFileExists(t, out, "nothing half written")
	}
	require.Equal(t, exitUsage, agentsim(t, "validate").code)
}

// What one validation wrote is what another fits to and judges, without a
// simulation; the preset that it writes can be read.
func TestValidateFitsToItsResults(t *testing.T) {
	dir := t.TempDir()
	results, preset := filepath.Join(dir, "r.json"), filepath.Join(dir, "serving.yaml")
	require.Zero(t, agentsim(t, "validate", manyCases(t), "-o", "json", "--out", results).code)
	o := agentsim(t, "validate", results, "--fit", preset, "--folds")
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "Measured figures between P10 and P90:")
	require.Contains(t, o.stdout, "sglang/hopper/deepseek-r1/h200")
	text, err := os.ReadFile(preset)
	require.NoError(t, err)
	a, _, err := configs.Load[configs.Accuracy](configs.Presets(), configs.Source{Text: text, Name: preset}, nil)
	require.NoError(t, err)
	var names []string
	for _, q := range a.Quantities {
		names = append(names, q.Of)
	}
	require.Contains(t, names, "fixed.decode")
	require.Contains(t, names, "any.decode")
	o = agentsim(t, "validate", filepath.Join(dir, "none.json"))
	require.Equal(t, exitUsage, o.code)
	require.NoError(t, os.WriteFile(results, []byte(`{"cases": []}`), 0o644))
	o = agentsim(t, "validate", results)
	require.Equal(t, exitUsage, o.code)
	require.Contains(t, o.stderr, "no cases: want what validate -o json writes")
}

// manyCases holds ten invented runs of two accelerators.
func manyCases(t *testing.T) string {
	t.Helper()
	text := casesHeader
	for i := range 10 {
		system := []string{"hgx-h200", "hgx-b200"}[i%2]
		text += fmt.Sprintf("run%d,2026-05-17,sglang,%s,deepseek-r1,fp8,,aggregated,8,,,,,,1,8,8,1,false,false,1024,32,"+
			"0.8-1.0,%d,100,,%d,0.1,,,\n", i, system, 2+i, 9+i)
	}
	name := filepath.Join(t.TempDir(), "many.csv")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	return name
}
