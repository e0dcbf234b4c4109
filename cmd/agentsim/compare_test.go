package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

const twin = "h200-agentperf-slo20"

// grown compares the node with itself under twice the memory rate and twice the
// arithmetic, at which weights are unpacked.
func grown(args ...string) []string {
	return append(few("compare", twin, twin, "--set-a", "system.accelerator.compute.bf16=1979TFLOPS",
		"--set-a", "system.accelerator.hbm.bandwidth=9.6TB/s"), args...)
}

func TestComparePrintsTheContract(t *testing.T) {
	o := agentsim(t, grown("-o", "json")...)
	require.Zero(t, o.code, o.stderr)
	require.Empty(t, o.stderr, "no progress where there is no terminal")
	var tree map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &tree))
	for _, key := range []string{"a", "b", "ratio", "factors", "interactions", "residual", "ends", "unchanged", "corners",
		"deployments", "metric", "evaluated_by", "log_ratio", "seed", "version", "wall_s"} {
		require.Contains(t, tree, key)
	}
	require.JSONEq(t, "null", string(tree["residual"]), "nothing was published")
	var r metrics.Comparison
	require.NoError(t, json.Unmarshal([]byte(o.stdout), &r))
	require.Equal(t, twin, r.A)
	require.Len(t, r.Factors, 3, "two factors and the deployments as given")
	require.Len(t, r.Interactions, 1)
	require.Len(t, r.Unchanged, 8)
	logs, product := 0.0, 1.0
	for _, f := range r.Factors {
		logs += f.LogShare
		product *= f.Multiplier
		require.LessOrEqual(t, f.Low, f.High)
		require.InDelta(t, math.Exp(f.LogShare), f.Multiplier, 1e-12)
	}
	require.InDelta(t, math.Log(r.Ratio), logs, 1e-9)
	require.InEpsilon(t, r.Ratio, product, 1e-9)
	require.Greater(t, r.Ratio, 1.0, "what unpacks weights faster holds more agents")
	require.NotNil(t, r.RatioInterval)
	require.Positive(t, r.Ends.A.ModelInterval.PerMW.AcceleratorMeasured.P10)

	var stdout, stderr bytes.Buffer // on a terminal: the same bytes, and progress beside them
	code := run(context.Background(), process{args: grown("-o", "json"), stdout: &stdout, stderr: &stderr,
		readFile: os.ReadFile, now: func() time.Time { return time.Unix(0, 0) },
		terminal: func(fd int) bool { return fd == stderrFD }})
	require.Zero(t, code)
	require.Contains(t, stderr.String(), "corners: ")
	require.Equal(t, o.stdout, stdout.String(), "the same bytes")
}

// The waterfall is the same bytes whenever it is drawn, as are both formats.
func TestCompareTableCSVAndFigure(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "own.yaml")
	require.NoError(t, os.WriteFile(file, []byte("name: own\nquestion: What is memory worth?\na: "+twin+"\nb: "+twin+`
set: [workload.turns.median=5]
set_a: [system.accelerator.hbm.bandwidth=9.6TB/s, system.accelerator.hbm.capacity=282GB]
factors: {name: memory, factors: [{name: memory, explains: bytes and their rate, fields: [system.accelerator.hbm]}]}
published: [{per: accelerator_measured, a: 8000, b: 2594, source: invented}]
`), 0o600))
	one, two := filepath.Join(dir, "1.svg"), filepath.Join(dir, "2.svg")
	o := agentsim(t, "compare", file, "--plot", one)
	require.Zero(t, o.code, o.stderr)
	for _, want := range []string{"What is memory worth?", "bytes and their rate", "residual", "invented", "all together",
		"system.accelerator.hbm.capacity 150.75GB → 282GB"} {
		require.Contains(t, o.stdout, want)
	}
	require.NotContains(t, o.stdout, "\x1b", "colour only on a terminal")
	require.Zero(t, agentsim(t, "compare", file, "--plot", two, "-o", "csv", "--out", filepath.Join(dir, "own.csv")).code)
	first, err := os.ReadFile(one)
	require.NoError(t, err)
	second, err := os.ReadFile(two)
	require.NoError(t, err)
	require.Equal(t, first, second)
	text, err := os.ReadFile(filepath.Join(dir, "own.csv"))
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"name", "kind", "multiplier", "log_share"}, rows[0][:4])
	require.Len(t, rows, 11, "two factors, the residual, the ratio's interval and three figures of each end")
	require.Equal(t, "residual", rows[3][0])
	for i, of := range []string{"a: agents", "a: agents per accelerator", "a: agents per MW as drawn", "b: agents"} {
		require.Equal(t, []string{of, "end"}, rows[5+i][:2])
		low, err := strconv.ParseFloat(rows[5+i][5], 64)
		require.NoError(t, err)
		high, err := strconv.ParseFloat(rows[5+i][6], 64)
		require.NoError(t, err)
		require.Less(t, low, high)
	}

	require.Zero(t, agentsim(t, "compare", file, "--plot", filepath.Join(dir, "own.png")).code)
	png, err := os.ReadFile(filepath.Join(dir, "own.png"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(png, []byte("\x89PNG")))
}

// Bad comparisons end with one clear line, exit code 2 and no file.
func TestBadComparisons(t *testing.T) {
	dir := t.TempDir()
	named := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	files := 0
	file := func(text string) string {
		files++
		return named(fmt.Sprintf("%d.yaml", files), "a: "+twin+"\nb: "+twin+"\n"+text)
	}
	groups := func(text string) string { return file("factors: {name: own, factors: [" + text + "]}") }
	cases := []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "compare wants two scenarios or one comparison, got 0 arguments", nil},
		{exitUsage, "got 3 arguments", []string{twin, twin, twin}},
		{exitUsage, "unknown name, did you mean h200-agentperf-slo20?", []string{twin, "h200-agentperf-slo2O"}},
		{exitUsage, "gb300-vs-h200", []string{"gb300-vs-h2OO"}},
		{exitUsage, "there is no path between", []string{twin, twin, "--set-a", "model=deepseek-v3.2"}},
		{exitUsage, "declare a factor with fields: [workload]", []string{twin, twin, "--set-a", "workload.tool_gap.median=2s"}},
		{exitUsage, "slo.output_speed", []string{twin, twin, "--set-b", "slo.output_speed.p25=30tok/s"}},
		{exitUsage, "seed", []string{twin, twin, "--set-b", "seed=3"}},
		{exitUsage, "unknown factor, did you mean rack?", []string{twin, twin, "--factors", "rac"}},
		{exitUsage, "--evaluate \"guess\": want analytic or simulator", []string{twin, twin, "--evaluate", "guess"}},
		{exitUsage, "--permutations 0", []string{twin, twin, "--permutations", "0"}},
		{exitUsage, "ends in .png or .svg", []string{twin, twin, "--plot", "gap.pdf"}},
		{exitUsage, "want one of accelerator_measured", []string{twin, twin, "--per", "rack"}},
		{exitUsage, "did you mean accelerator?", []string{twin, twin, "--set-a", "system.acelerator.name=x"}},
		{exitUsage, "want a scenario", []string{named("half.yaml", "a: "+twin)}},
		{exitUsage, "did you mean published?", []string{file("publishd: []")}},
		{exitUsage, "published[0].b", []string{file("published: [{per: it, a: 2, b: 0, source: x}]")}},
		{exitUsage, "each once", []string{file("published: [{per: it, a: 2, b: 1, source: x}, {per: it, a: 2, b: 1, source: x}]")}},
		{exitUsage, "published[0].source", []string{file("published: [{per: it, a: 2, b: 1}]")}},
		{exitUsage, "overlaps with system.accelerator.hbm of \"x\"",
			[]string{groups("{name: x, fields: [system.accelerator.hbm]}, {name: y, fields: [system.accelerator.hbm.capacity]}")}},
		{exitUsage, "did you mean accelerator?", []string{groups("{name: x, fields: [system.acelerator]}")}},
		{exitUsage, "want deployment.draft_tokens", []string{groups("{name: x, fields: [deployment.decode.draft_tokens]}")}},
		{exitUsage, "chosen anew at every corner", []string{groups("{name: x, fields: [deployment.prefill.workers]}")}},
		{exitUsage, "factors.factors[0].name", []string{groups("{fields: [system.domain]}")}},
		{exitInfeasible, "does not fit", []string{twin, twin, "--set-b", "system.accelerator.hbm.capacity=60GB"}},
	}
	for _, c := range cases {
		out := filepath.Join(dir, "out.json")
		o := agentsim(t, append([]string{"compare", "--out", out, "-o", "json"}, c.args...)...)
		require.Equal(t, c.code, o.code, "%v: %s", c.args, o.stderr)
		require.Contains(t, o.stderr, c.want, "%v", c.args)
		require.Empty(t, o.stdout)
		require.Equal(t, 1, strings.Count(strings.TrimSpace(o.stderr), "\n")+1, "one line: %s", o.stderr)
		require.NoFileExists(t, out)
	}
}
