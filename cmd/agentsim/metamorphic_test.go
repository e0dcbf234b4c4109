package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/scenarios"
)

// asked is a question as a user puts it: a scenario, overrides, and how many
// agents (0 = as many as it holds).
type asked struct {
	scenario string
	agents   int
	sets     []string
}

// with is the same question with further overrides; later ones win.
func (q asked) with(sets ...string) asked {
	q.sets = slices.Concat(q.sets, sets)
	return q
}

func (q asked) asking(agents int) asked {
	q.agents = agents
	return q
}

// value of an override, as it was last given.
func (q asked) value(path string) string {
	for _, s := range slices.Backward(q.sets) {
		if v, ok := strings.CutPrefix(s, path+"="); ok {
			return v
		}
	}
	return ""
}

// told is what the program answers: the text, and its numbers by path.
type told struct {
	outcome
	numbers map[string]float64
}

func (a told) at(t *testing.T, path string) float64 {
	t.Helper()
	v, ok := a.numbers[path]
	require.True(t, ok, "%s is not in the answer", path)
	return v
}

// answers puts each question once.
type answers map[string]told

func (known answers) to(t *testing.T, q asked) told {
	t.Helper()
	args := []string{"run", q.scenario, "--agents", strconv.Itoa(q.agents), "-o", "json"}
	if q.agents == 0 {
		// A search need not be sharp: relations hold within the intervals. To the
		// end of every phase, thousands of agents took hours.
		args = []string{"capacity", q.scenario, "-o", "json"}
		q = q.with("protocol.stop_when_certain=true", "protocol.precision=0.02", "protocol.duration_max=300s",
			"protocol.sessions_seen=30", "protocol.calls_min=0", "protocol.tolerance=0.03")
	}
	for _, s := range q.sets {
		args = append(args, "--set", s)
	}
	key := strings.Join(args, "\x00")
	if a, ok := known[key]; ok {
		return a
	}
	a := told{agentsim(t, args...), map[string]float64{}}
	require.Contains(t, []int{0, exitInfeasible}, a.code, "%q: %s", args, a.stderr)
	var tree any
	if a.code == 0 {
		require.NoError(t, json.Unmarshal([]byte(a.stdout), &tree))
	}
	flatten(a.numbers, "", tree)
	if q.agents == 0 && a.code == exitInfeasible {
		a.numbers["capacity.agents"], a.numbers["capacity.agents_low"], a.numbers["capacity.agents_high"] = 0, 0, 0
	}
	known[key] = a
	return a
}

func flatten(to map[string]float64, path string, node any) {
	switch v := node.(type) {
	case map[string]any:
		for key, child := range v {
			flatten(to, strings.TrimPrefix(path+"."+key, "."), child)
		}
	case float64:
		to[path] = v
	}
}

// drawn is a random legal scenario: a node, a model, a workload, a level.
func drawn(t *testing.T, seed uint64) asked {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 40))
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	between := func(low, high float64) float64 { return low * math.Pow(high/low, r.Float64()) }
	q := asked{scenario: "h200-agentperf-slo20", agents: 2 + r.IntN(8), sets: []string{
		"protocol=steady-state", "protocol.calls_min=300", "protocol.stop_when_certain=false", "deployment.precision={}",
		"system=" + one("hgx-h100", "hgx-h200", "hgx-b200", "hgx-b300", "mi355x-8"),
		"model=" + one("gpt-oss-120b", "qwen3-235b-a22b", "deepseek-v4-flash", "minimax-m2"),
		"workload=" + one("aa-agentperf", "aa-agentperf", "codex-swebench"),
		"deployment.aggregated.draft_tokens=0",
		fmt.Sprintf("deployment.aggregated.token_budget=%d", 2048<<r.IntN(3)),
		fmt.Sprintf("slo.output_speed.p25=%.3gtok/s", between(15, 60)),
		fmt.Sprintf("slo.ttft.p95=%.3gs", between(3, 15)),
		fmt.Sprintf("workload.context_limit=%d", 30_000+r.IntN(70_000)),
		fmt.Sprintf("seed=%d", 1+r.IntN(1000)),
	}}
	if r.IntN(3) == 0 {
		q = q.with("deployment.batching=prefill-priority")
	}
	return q
}

// relation is a law between what the program says of a scenario and of another
// that is made from it.
type relation struct {
	name  string
	holds func(t *testing.T, known answers, q asked)
}

// same says that a change leaves an answer as it is, but for the words of its
// inputs.
func same(change func(t *testing.T, q asked) asked) func(*testing.T, answers, asked) {
	return func(t *testing.T, known answers, q asked) {
		t.Helper()
		is, was := known.to(t, change(t, q)), known.to(t, q)
		for path, v := range was.numbers {
			if !strings.HasPrefix(path, "wall_s") {
				require.InDelta(t, v, is.numbers[path], 1e-9*math.Abs(v), path)
			}
		}
	}
}

// comparison is a relation that wants a change.
type comparison func(t *testing.T, known answers, was, is asked)

// by makes the change by overrides.
func (c comparison) by(sets ...string) func(*testing.T, answers, asked) {
	return func(t *testing.T, known answers, q asked) { c(t, known, q, q.with(sets...)) }
}

// of makes it by one override that depends on the scenario.
func (c comparison) of(set func(*testing.T, asked) string) func(*testing.T, answers, asked) {
	return func(t *testing.T, known answers, q asked) { c(t, known, q, q.with(set(t, q))) }
}

// with makes it by another question.
func (c comparison) with(change func(asked) asked) func(*testing.T, answers, asked) {
	return func(t *testing.T, known answers, q asked) { c(t, known, q, change(q)) }
}

// sign of what a change does to one figure of a run: +1 it may not fall, -1 it
// may not rise, by more than the noise of one sample.
func sign(path string, direction float64) comparison {
	return func(t *testing.T, known answers, q, changed asked) {
		t.Helper()
		was, is := known.to(t, q).at(t, path), known.to(t, changed).at(t, path)
		const noise = 0.04 // calls end at other times, so a few others are counted
		require.GreaterOrEqual(t, direction*(is-was), -noise*was, "%s: %v, then %v", path, was, is)
	}
}

// holding compares how many agents two scenarios hold, within their intervals.
func holding(direction float64) comparison {
	return func(t *testing.T, known answers, q, changed asked) {
		t.Helper()
		was, is := known.to(t, q.asking(0)), known.to(t, changed.asking(0))
		more, fewer := is, was
		if direction < 0 {
			more, fewer = was, is
		}
		require.GreaterOrEqual(t, more.at(t, "capacity.agents_high")*1.03, fewer.at(t, "capacity.agents_low"),
			"%v agents, then %v", was.numbers["capacity.agents"], is.numbers["capacity.agents"])
	}
}

// nothingBut says that overrides leave all of an answer but the figures whose
// path begins so.
func nothingBut(except string, sets ...string) func(*testing.T, answers, asked) {
	return func(t *testing.T, known answers, q asked) {
		t.Helper()
		was, is := known.to(t, q), known.to(t, q.with(sets...))
		for path, v := range was.numbers {
			if !strings.Contains(path, except) {
				require.InDelta(t, v, is.numbers[path], 1e-9*math.Abs(v), path)
			}
		}
	}
}

// times is a field of a scenario multiplied: an override in its own unit.
func times(path string, by float64, of func(*configs.Scenario) float64) func(*testing.T, asked) string {
	return func(t *testing.T, q asked) string {
		t.Helper()
		s, _, err := configs.NewBase[configs.Scenario](configs.Presets(), configs.Source{Name: q.scenario, FS: scenarios.FS}).Load(q.sets)
		require.NoError(t, err)
		path, unit, _ := strings.Cut(path, " ")
		return fmt.Sprintf("%s=%g%s", path, of(s)*by, unit)
	}
}

// asFile writes the overrides of a question into a scenario of its own.
func asFile(t *testing.T, q asked) asked {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: of-a-file\nextends: " + q.scenario + "\n")
	tree := map[string]any{}
	for _, set := range q.sets {
		path, value, _ := strings.Cut(set, "=")
		keys := strings.Split(path, ".")
		node := tree
		for _, key := range keys[:len(keys)-1] {
			if name, ok := node[key].(json.RawMessage); ok { // a preset, and fields laid over it
				node[key] = map[string]any{"preset": name}
			}
			if node[key] == nil {
				node[key] = map[string]any{}
			}
			node = node[key].(map[string]any)
		}
		node[keys[len(keys)-1]] = json.RawMessage(asJSON(value))
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		text, err := json.Marshal(tree[key])
		require.NoError(t, err)
		b.WriteString(key + ": " + string(text) + "\n")
	}
	file := filepath.Join(t.TempDir(), "of-a-file.yaml")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	return asked{scenario: file, agents: q.agents}
}

// asJSON is a value as JSON: text in quotes, all else as it is.
func asJSON(value string) string {
	if json.Valid([]byte(value)) {
		return value
	}
	return strconv.Quote(value)
}

func bandwidth(s *configs.Scenario) float64 { return float64(s.System.Accelerator.HBM.Bandwidth) }
func capacity(s *configs.Scenario) float64  { return float64(s.System.Accelerator.HBM.Capacity) }

// relations are the laws. Each is held to random scenarios through the command
// line, as anybody's question is.
func relations() []relation {
	return []relation{
		// What changes nothing.
		{"asked twice", func(t *testing.T, _ answers, q asked) {
			require.Equal(t, untimed(answers{}.to(t, q)), untimed(answers{}.to(t, q)))
		}},
		{"on one processor", func(t *testing.T, known answers, q asked) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			require.Equal(t, untimed(known.to(t, q)), untimed(answers{}.to(t, q)))
		}},
		{"a name means nothing: system", same(overriding("system.name=rack-x"))},
		{"a name means nothing: model", same(overriding("model.name=model-x"))},
		{"a name means nothing: accelerator", same(overriding("system.accelerator.name=part-x"))},
		{"a name means nothing: workload", same(overriding("workload.name=work-x"))},
		{"overrides in another order", same(func(_ *testing.T, q asked) asked {
			q.sets = slices.Clone(q.sets)
			slices.Reverse(q.sets[7:10])
			return q
		})},
		{"an override that says what is so", same(func(_ *testing.T, q asked) asked { return q.with("seed=" + q.value("seed")) })},
		{"a file in place of overrides", same(asFile)},
		{"a file that extends a file", same(func(t *testing.T, q asked) asked {
			base := asFile(t, q)
			file := filepath.Join(t.TempDir(), "child.yaml")
			require.NoError(t, os.WriteFile(file, []byte("name: child\nextends: "+base.scenario+"\n"), 0o600))
			return asked{scenario: file, agents: q.agents}
		})},
		{"other units of time", same(func(_ *testing.T, q asked) asked {
			s, _ := strconv.ParseFloat(strings.TrimSuffix(q.value("slo.ttft.p95"), "s"), 64)
			return q.with(fmt.Sprintf("slo.ttft.p95=%gms", s*1000))
		})},
		{"other units of bandwidth", same(func(t *testing.T, q asked) asked {
			return q.with(times("system.accelerator.hbm.bandwidth GB/s", 1e-9, bandwidth)(t, q))
		})},
		{"a level is no part of speed", sign("metrics.tpot_p50_ms", -1).by("slo.output_speed.p25=9tok/s", "slo.ttft.p95=11s")},
		{"a price is no physics", nothingBut("cost", "price.electricity_kwh=0.9")},
		{"a building is no physics", nothingBut("facility", "system.overheads.pue=1.7")},

		// What a better or a worse part does to one run.
		{"half the bandwidth, slower answers", sign("metrics.tpot_p50_ms", +1).of(times("system.accelerator.hbm.bandwidth B/s", 0.5, bandwidth))},
		{"twice the bandwidth, faster answers", sign("metrics.tpot_p50_ms", -1).of(times("system.accelerator.hbm.bandwidth B/s", 2, bandwidth))},
		{"an engine at half its efficiency, slower answers", sign("metrics.tpot_p50_ms", +1).by("engine.efficiency=0.5")},
		{"an engine at half its efficiency, later answers", sign("metrics.ttft_mean_s", +1).by("engine.efficiency=0.5")},
		{"a host that adds 20 ms a step", sign("metrics.tpot_p50_ms", +1).by("engine.host.per_step=20ms")},
		{"a front end that adds 2 s", sign("metrics.ttft_p50_s", +1).by("engine.host.ingress=2s")},
		{"no prefix cache, later answers", sign("metrics.ttft_mean_s", +1).by("deployment.cache.off=true")},
		{"no prefix cache, no hits", sign("metrics.prefix_hit_rate", -1).by("deployment.cache.off=true")},
		{"a quarter of the memory, no more hits", sign("metrics.prefix_hit_rate", -1).by("engine.memory.utilisation=0.7")},
		{"links of a tenth, slower answers", sign("metrics.tpot_p50_ms", +1).of(times("system.accelerator.scale_up B/s", 0.1,
			func(s *configs.Scenario) float64 { return float64(s.System.Accelerator.ScaleUp) }))},
		{"twice the agents, no faster", sign("metrics.tpot_p50_ms", +1).with(func(q asked) asked { return q.asking(2 * q.agents) })},
		{"twice the agents, no fewer tokens", sign("metrics.output_tok_s", +1).with(func(q asked) asked { return q.asking(2 * q.agents) })},
		{"watts when idle", sign("power.accelerator_w", +1).by("system.accelerator.power.idle=300W")},
		{"tools of a minute, fewer turns", sign("metrics.turns_per_s", -1).by("workload.tool_gap={kind: constant, value: 60s}")},
		{"many times the output, fewer turns", sign("metrics.turns_per_s", -1).by("workload.output={kind: constant, value: 4000}")},
		{"sessions of which all can be found again, earlier answers", sign("metrics.ttft_mean_s", -1).by("deployment.cache.realised_hit=0.99")},

		// What it does to how many agents a scenario holds.
		{"more memory, no fewer agents", holding(+1).of(times("system.accelerator.hbm.capacity B", 2, capacity))},
		{"twice the bandwidth, no fewer agents", holding(+1).of(times("system.accelerator.hbm.bandwidth B/s", 2, bandwidth))},
		{"a looser speed, no fewer agents", holding(+1).by("slo.output_speed.p25=10tok/s")},
		{"a looser wait, no fewer agents", holding(+1).by("slo.ttft.p95=30s")},
		{"a tighter speed, no more agents", holding(-1).by("slo.output_speed.p25=80tok/s")},
		{"a tighter wait, no more agents", holding(-1).by("slo.ttft.p95=1s")},
		{"two nodes, no fewer agents", holding(+1).by("deployment.units=2")},
		{"an engine at half its efficiency, no more agents", holding(-1).by("engine.efficiency=0.5")},
		{"longer tools, no fewer agents", holding(+1).by("workload.tool_gap={kind: constant, value: 30s}")},
		{"no prefix cache, no more agents", holding(-1).by("deployment.cache.off=true")},
		{"a cap of half the power, no more agents", holding(-1).of(times("system.accelerator.power.limit W", 0.6,
			func(s *configs.Scenario) float64 { return float64(s.System.Accelerator.Power.TDP) }))},

		// What an answer says of itself.
		{"prompts are found or lost", func(t *testing.T, known answers, q asked) {
			a := known.to(t, q)
			sum := a.at(t, "metrics.prefix_hit_rate")
			for path, v := range a.numbers {
				if strings.HasPrefix(path, "metrics.prefix_lost.") {
					sum += v
				}
			}
			require.InDelta(t, 1, sum, 1e-9)
		}},
		{"watts by component are the watts", func(t *testing.T, known answers, q asked) {
			a, sum := known.to(t, q), 0.0
			for path, v := range a.numbers {
				if strings.HasPrefix(path, "power.by_component.") {
					sum += v
				}
			}
			require.InEpsilon(t, a.at(t, "power.it_w"), sum, 1e-9)
		}},
		{"tokens a second are calls a second times their length", func(t *testing.T, known answers, q asked) {
			a := known.to(t, q)
			require.InEpsilon(t, a.at(t, "metrics.turns_per_s")*a.at(t, "metrics.mean_output_tokens"), a.at(t, "metrics.output_tok_s"), 0.1)
		}},
		{"quantiles are in order", func(t *testing.T, known answers, q asked) {
			a := known.to(t, q)
			for _, names := range [][]string{{"ttft_p50_s", "ttft_p90_s", "ttft_p95_s", "ttft_p99_s"}, {"tpot_p50_ms", "tpot_p90_ms", "tpot_p95_ms", "tpot_p99_ms"}} {
				for i := range names[1:] {
					require.LessOrEqual(t, a.at(t, "metrics."+names[i]), a.at(t, "metrics."+names[i+1]))
				}
			}
		}},
		{"what it holds meets the level, and per megawatt is agents over watts", func(t *testing.T, known answers, q asked) {
			a := known.to(t, q.asking(0))
			agents := a.at(t, "capacity.agents")
			require.LessOrEqual(t, a.at(t, "capacity.agents_low"), agents)
			require.GreaterOrEqual(t, a.at(t, "capacity.agents_high"), agents)
			if agents == 0 {
				return
			}
			require.InEpsilon(t, agents/a.at(t, "power.accelerator_w")*1e6, a.at(t, "capacity.agents_per_mw.accelerator_measured"), 1e-9)
			slo, err := strconv.ParseFloat(strings.TrimSuffix(q.value("slo.output_speed.p25"), "tok/s"), 64)
			require.NoError(t, err)
			require.GreaterOrEqual(t, a.at(t, "metrics.output_speed_p25"), slo*0.95)
		}},
	}
}

func overriding(sets ...string) func(*testing.T, asked) asked {
	return func(_ *testing.T, q asked) asked { return q.with(sets...) }
}

// untimed is an answer without how long it took.
func untimed(a told) string {
	return regexp.MustCompile(`"wall_s": [^,\n]*`).ReplaceAllString(a.stdout, "")
}

// Forty relations between answers, on random scenarios, through the command
// line: on one of few agents in a test, on twenty with `make laws`.
func TestRelations(t *testing.T) {
	require.GreaterOrEqual(t, len(relations()), 40)
	first, end := uint64(4), uint64(5)
	if os.Getenv("AGENTSIM_LAWS") != "" {
		first, end = 0, 20
	}
	for seed := first; seed < end; seed++ {
		known, q := answers{}, drawn(t, seed)
		for _, r := range relations() {
			t.Run(fmt.Sprintf("%d/%s", seed, r.name), func(t *testing.T) { r.holds(t, known, q) })
		}
	}
}
