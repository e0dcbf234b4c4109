package sweep_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/scenarios"
)

// written is the source of a study given as text; files are those that it may
// refer to.
func written(text string, files map[string]string) sweep.Source {
	read := func(name string) ([]byte, error) {
		content, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(content), nil
	}
	return sweep.Source{Study: configs.Source{Name: "study.yaml", Text: []byte(text), ReadFile: read},
		Scenarios: scenarios.FS, Open: func(name string) (io.ReadCloser, error) {
			content, err := read(name)
			return io.NopCloser(bytes.NewReader(content)), err
		}}
}

func plan(t testing.TB, text string) *sweep.Plan {
	t.Helper()
	p, err := sweep.NewPlan(written(text, nil))
	require.NoError(t, err)
	return p
}

const head = "name: test\nscenario: h200-agentperf-slo20\nevaluate: analytic\n"

// settings lists the points by what they set beyond the seed.
func settings(p *sweep.Plan) []string {
	var list []string
	for i := range p.Len() {
		sets := p.Point(i).Sets
		list = append(list, strings.Join(sets[:len(sets)-1], " "))
	}
	return list
}

func TestGrid(t *testing.T) {
	p := plan(t, head+`
axes:
  - {path: system.domain, values: [8, 16]}
  - {path: slo.output_speed.p25, log_range: {from: 10tok/s, to: 40tok/s, steps: 3}}
replications: 2
seed: 5
`)
	require.Equal(t, 12, p.Len())
	require.Equal(t, []string{"system.domain", "slo.output_speed.p25"}, p.Axes())
	require.Equal(t, []uint64{5, 6}, p.Seeds())
	require.Equal(t, sweep.Point{Number: 5, Replication: 1, Seed: 6,
		Sets: []string{"system.domain=8", "slo.output_speed.p25=40tok/s", "seed=6"}}, p.Point(5))
	require.Equal(t, "system.domain=16 slo.output_speed.p25=20tok/s", settings(p)[8])
}

func TestZip(t *testing.T) {
	p := plan(t, head+`
combine: zip
axes:
  - {path: system.domain, values: [8, 16]}
  - {path: deployment.aggregated.draft_tokens, range: {from: 0, to: 3, steps: 2}}
`)
	require.Equal(t, []string{
		"system.domain=8 deployment.aggregated.draft_tokens=0",
		"system.domain=16 deployment.aggregated.draft_tokens=3",
	}, settings(p))
}

// Points as written; a preset is set before the fields inside it.
func TestList(t *testing.T) {
	p := plan(t, head+`
combine: list
list:
  - {system.domain: 16, system: hgx-h200}
  - {slo.output_speed.p25: 30tok/s}
`)
	require.Equal(t, []string{"slo.output_speed.p25", "system", "system.domain"}, p.Axes())
	require.Equal(t, []string{"system=hgx-h200 system.domain=16", "slo.output_speed.p25=30tok/s"}, settings(p))
}

func TestPresetsByPattern(t *testing.T) {
	p := plan(t, head+`
axes: [{path: system.accelerator, presets: ["gb*", h200]}]
`)
	require.Equal(t, []string{"system.accelerator=gb200", "system.accelerator=gb300", "system.accelerator=h200"}, settings(p))
}

// Sampled points fill each axis evenly: a Latin hypercube has one point in
// each of as many slices.
func TestSampledDesigns(t *testing.T) {
	for _, design := range []string{"latin-hypercube", "halton"} {
		text := head + "combine: " + design + `
points: 20
seed: 3
axes:
  - {path: workload.tool_gap.median, range: {from: 1s, to: 3s}}
  - {path: deployment.router, values: [conversation-affinity, least-loaded]}
`
		p := plan(t, text)
		require.Equal(t, 20, p.Len())
		e := sweep.NewEvaluator(p, "")
		var slices20 []int
		routers := map[string]int{}
		for i := range p.Len() {
			row := e.Failed(i, io.EOF)
			gap := row.Settings[0]
			require.True(t, gap.Number >= 1 && gap.Number <= 3, gap)
			slices20 = append(slices20, int((gap.Number-1)/2*20))
			routers[row.Settings[1].Text]++
		}
		require.Equal(t, map[string]int{"conversation-affinity": 10, "least-loaded": 10}, routers)
		if design == "latin-hypercube" {
			slices.Sort(slices20)
			require.Len(t, slices.Compact(slices20), 20)
		}
		require.Equal(t, settings(p), settings(plan(t, text)), "the same seed gives the same points")
		require.NotEqual(t, settings(p), settings(plan(t, strings.Replace(text, "seed: 3", "seed: 4", 1))))
	}
}

func TestConstraints(t *testing.T) {
	p := plan(t, head+`
axes:
  - {path: deployment.aggregated.token_budget, values: [2048, 4096, 8192]}
  - {path: deployment.aggregated.max_batch_per_rank, values: [32, 64]}
constraints:
  - deployment.aggregated.token_budget / deployment.aggregated.max_batch_per_rank <= 64
  - deployment.aggregated.accelerators * 2 == 16
  - deployment.router == conversation-affinity
`)
	require.Equal(t, 3, p.Len())
	require.Equal(t, 3, p.Dropped())
	require.Equal(t, []string{
		"deployment.aggregated.token_budget=2048 deployment.aggregated.max_batch_per_rank=32",
		"deployment.aggregated.token_budget=2048 deployment.aggregated.max_batch_per_rank=64",
		"deployment.aggregated.token_budget=4096 deployment.aggregated.max_batch_per_rank=64",
	}, settings(p))
}

// The hash is of what is computed, not of how it is written.
func TestHash(t *testing.T) {
	axes := "axes: [{path: system.domain, values: [8, 16]}]\n"
	hash := plan(t, head+axes).Hash
	require.Len(t, hash, 64)
	require.Equal(t, hash, plan(t, "# a comment\n"+head+axes+"thresholds: [agents_per_mw.it >= 1]\nquestion: why?\n").Hash)
	for _, other := range []string{"replications: 2\n", "seed: 1\n", "set: [system.domain=4]\n", "constraints: [system.domain >= 8]\n"} {
		require.NotEqual(t, hash, plan(t, head+axes+other).Hash, other)
	}
}

// Files that a study refers to count, and travel with it.
func TestFiles(t *testing.T) {
	study := "name: test\nscenario: mine.yaml\naxes: [{path: system.domain, values: [8]}]\n"
	mine := "name: mine\nsystem: hgx-h200\nmodel: deepseek-v4-pro\nengine: vllm-2026-06\ndeployment:\n  mode: aggregated\n" +
		"  aggregated: {workers: 1, accelerators: 8, tp: 8, ep: 8, token_budget: 4096, max_batch_per_rank: 64}\n" +
		"  precision: {experts: mxfp4, dense: fp8, kv: fp8}\n  router: conversation-affinity\n" +
		"workload: {trace: calls.jsonl}\nslo: {ttft: {p95: 10s}}\nprotocol: steady-state\n"
	p, err := sweep.NewPlan(written(study, map[string]string{"mine.yaml": mine, "calls.jsonl": "one"}))
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"mine.yaml": []byte(mine)}, p.Files(), "traces stay where they are")
	q, err := sweep.NewPlan(written(study, map[string]string{"mine.yaml": mine, "calls.jsonl": "two"}))
	require.NoError(t, err)
	require.NotEqual(t, p.Hash, q.Hash, "another trace is another study")
	_, err = sweep.NewPlan(written(study, map[string]string{"mine.yaml": mine}))
	require.ErrorContains(t, err, "workload.trace calls.jsonl: file does not exist")

	study = "name: test\nscenario: h200-agentperf-slo20\naxes: [{path: protocol, values: [a.yaml]}]\n"
	hash := func(duration string) string {
		p, err := sweep.NewPlan(written(study, map[string]string{"a.yaml": "name: mine\nduration: " + duration + "\n"}))
		require.NoError(t, err)
		return p.Hash
	}
	require.NotEqual(t, hash("100s"), hash("200s"), "so is another preset of an axis")
}

// Bad input is told with its place, and is the caller's mistake: a
// *configs.Error, which the command turns into exit code 2.
func TestBadInput(t *testing.T) {
	axes := "axes: [{path: system.domain, values: [8, 16]}]\n"
	for study, want := range map[string]string{
		"name: x\n": "scenario",
		head:        "axes (not set): want at least one axis",
		head + "axes: [{path: system.domains, values: [8]}]\n":                                             "unknown key, did you mean domain?",
		head + "axes: [{path: system.domain, values: [big]}]\n":                                            "study.yaml:4:39: axes[0].values[0]: system.domain big: want a whole number",
		head + "axes: [{path: system.domain, values: []}]\n":                                               "axes[0].values: system.domain: is empty",
		head + "axes: [{path: system.domain}]\n":                                                           "want exactly one of values, range, log_range and presets",
		head + "axes: [{path: system.domain, values: [8], presets: [x]}]\n":                                "want exactly one of",
		head + "axes: [{path: system.domain, presets: [x]}]\n":                                             "is no field that names a preset",
		head + "axes: [{path: system, presets: [gb30]}]\n":                                                 "unknown system",
		head + "axes: [{path: system.domain, range: {from: 1, to: 9}}]\n":                                  "axes[0].range.steps (not set): want the number of values",
		head + "axes: [{path: system.domain, range: {from: 1, to: 3, steps: 9}}]":                          "repeat",
		head + "axes: [{path: system.domain, log_range: {from: 0, to: 9, steps: 3}}]":                      "above 0",
		head + "axes: [{path: deployment.router, range: {from: least-loaded, to: round-robin, steps: 2}}]": "is no number",
		head + axes + "combine: all\n":                                                                     "combine: \"all\": want grid, zip",
		head + axes + "combine: halton\n":                                                                  "points (not set): combine: halton wants the number",
		head + axes + "points: 3\n":                                                                        "goes with combine: latin-hypercube or halton",
		head + axes + "combine: list\n":                                                                    "list",
		head + axes + "evaluates: analytic\n":                                                              "unknown key, did you mean evaluate?",
		head + axes + "constraints: [system.domain > 20, system.domain < 9]\n":                             "none of the 2 points meets them all: \"system.domain > 20\" alone holds at 0, \"system.domain < 9\" alone holds at 1",
		head + axes + "constraints: [system.domains > 20]\n":                                               "unknown key, did you mean domain?",
		head + axes + "constraints: [system.domain > 20GB, 1 > 2]\n":                                       "none of the 2 points",
		head + axes + "constraints: [slo.output_speed.p25 > 20GB]\n":                                       "a number in tok/s beside one in B",
		head + axes + "constraints: [system.domain]\n":                                                     "ends early, want a comparison",
		head + axes + "constraints: [max(system.domain) > 2]\n":                                            "functions work on results",
		head + axes + "thresholds: [agents_per_watt > 2]\n":                                                "thresholds[0] agents_per_watt: is no column of the results",
		head + axes + "thresholds: [sum(agents) > 2]\n":                                                    "sum: unknown function",
		head + axes + "objectives: [{metric: speed}]\n":                                                    "objectives[0].metric speed: is no column",
		head + axes + "objectives: [{metric: agents, goal: more}]\n":                                       "goal: \"more\": want max or min",
		head + axes + axes: "given twice",
		head + "axes: [{path: system.domain, values: [1]}, {path: system.domain, values: [2]}]\n":            "is that of axes[0] too",
		head + "combine: zip\naxes: [{path: power.pue, values: [1]}, {path: system.domain, values: [1, 2]}]": "has 2 values, but power.pue has 1",
		head + "axes: [{path: seed, values: [1, 2]}]\n":                                                      "seed: is no axis: want replications",
		head + "combine: list\nlist: [{seed: 1}]\n":                                                          "list[0]: seed: is no axis",
		head + "axes: [{path: system.domain, values: [8, 16, 8]}]\n":                                         "axes[0] 8: system.domain: is there twice",
		head + axes + "replications: 2000000\n":                                                              "2000000: want 1 to 1000000",
		head + axes + "outputs: [xlsx]\n":                                                                    "outputs[0]: \"xlsx\": want parquet, jsonl, csv or figures",
		strings.Replace(head, "h200-agentperf", "h200-agentprf", 1) + axes:                                   "did you mean h200-agentperf-slo20?",
	} {
		_, err := sweep.NewPlan(written(study, nil))
		require.ErrorContains(t, err, want, study)
		_, ok := errors.AsType[*configs.Error](err)
		require.True(t, ok, "%v", err)
	}
}

func TestTooManyPoints(t *testing.T) {
	text := head + `
axes:
  - {path: workload.tool_gap.median, range: {from: 1s, to: 2s, steps: 101}}
  - {path: slo.output_speed.p25, range: {from: 10tok/s, to: 20tok/s, steps: 100}}
  - {path: slo.ttft.p95, range: {from: 1s, to: 20s, steps: 100}}
`
	source := written(text, nil)
	source.PointsMax = sweep.PointsMax
	_, err := sweep.NewPlan(source)
	require.ErrorContains(t, err, "1010000 points are more than 1000000: if you mean it, say so with --yes")
	source.PointsMax = 0
	p, err := sweep.NewPlan(source)
	require.NoError(t, err)
	require.Equal(t, 1010000, p.Len())
	require.Equal(t, "workload.tool_gap.median=2s slo.output_speed.p25=20tok/s slo.ttft.p95=20s seed=0",
		strings.Join(p.Point(1009999).Sets, " "))
	// What no machine could hold is refused in any case, before it is tried.
	sampled := head + "combine: halton\npoints: 1000000000000\naxes: [{path: power.pue, range: {from: 1, to: 2}}]\n"
	for _, absurd := range []string{sampled, strings.ReplaceAll(text, "10", "1000000000"), text + "replications: 1000000\n"} {
		source = written(absurd, nil)
		_, err = sweep.NewPlan(source)
		require.ErrorContains(t, err, "want less than 268435456 points in a study")
	}
}

// Whole numbers of a sampled range come equally often, its ends too.
func TestSampledWholeNumbers(t *testing.T) {
	p := plan(t, head+"combine: latin-hypercube\npoints: 90\naxes: [{path: deployment.aggregated.draft_tokens, range: {from: 0, to: 8}}]\n")
	times := map[string]int{}
	for _, s := range settings(p) {
		times[s]++
	}
	require.Len(t, times, 9)
	for s, n := range times {
		require.Equal(t, 10, n, s)
	}
}

func TestEveryBuiltInStudyHasAPlan(t *testing.T) {
	files, err := fs.Glob(scenarios.Studies(), "*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		p, err := sweep.NewPlan(builtIn(name))
		require.NoError(t, err)
		require.Equal(t, name, p.Study.Name)
		require.NotEmpty(t, p.Study.Question)
		e := sweep.NewEvaluator(p, "")
		likely := e.Preview(p.Len() / 2)
		require.Empty(t, likely.Error, name)
		require.Positive(t, likely.Duration, name)
	}
}
