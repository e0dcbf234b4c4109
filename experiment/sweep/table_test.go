package sweep_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/scenarios"
)

// rows evaluates all points of a study.
func rows(t testing.TB, p *sweep.Plan) []*sweep.Row {
	t.Helper()
	e := sweep.NewEvaluator(p, "v1")
	var list []*sweep.Row
	for i := range p.Len() {
		row, err := e.Row(context.Background(), e.Load(i))
		require.NoError(t, err)
		list = append(list, row)
	}
	return list
}

const small = head + `
axes:
  - {path: slo.output_speed.p25, values: [10tok/s, 20tok/s, 500tok/s]}
  - {path: deployment.batching, values: [mixed, prefill-priority]}
replications: 2
`

func TestTabulate(t *testing.T) {
	p := plan(t, small)
	list := rows(t, p)
	slices.Reverse(list) // the order of arrival does not matter
	table := sweep.Tabulate(p, "v1", list)
	require.Len(t, table.Rows, 12)
	require.Equal(t, []sweep.Column{{Name: "point", Kind: sweep.Whole}, {Name: "replication", Kind: sweep.Whole}, {Name: "seed", Kind: sweep.Whole},
		{Name: "status", Kind: sweep.Text}, {Name: "error", Kind: sweep.Text}, {Name: "study.scenario", Kind: sweep.Text},
		{Name: "study.set", Kind: sweep.Text}, {Name: "slo.output_speed.p25", Kind: sweep.Number, Unit: "tok/s"},
		{Name: "deployment.batching", Kind: sweep.Text}, {Name: "scenario", Kind: sweep.Text}}, table.Columns[:10])
	summary, err := table.Summarise(0)
	require.NoError(t, err)
	var names []string
	for _, e := range summary.Effects {
		for _, l := range e.Levels {
			names = append(names, l.Value)
		}
	}
	require.ElementsMatch(t, []string{"10tok/s", "20tok/s", "500tok/s", "mixed", "prefill-priority"}, names, "effects of the axes")
	scenario, _ := table.Column("study.scenario")
	set, _ := table.Column("study.set")
	for i, row := range table.Rows {
		require.Equal(t, p.Study.Scenario, row[scenario].Text)
		var overrides []string
		require.NoError(t, json.Unmarshal([]byte(row[set].Text), &overrides))
		require.Equal(t, p.Point(i).Sets, overrides, "what makes the point of the scenario")
	}
	for name, unit := range map[string]string{"capacity.agents": "", "capacity.agents_per_mw.it": "1/MW", "limit": "",
		"metrics.output_speed_p25": "tok/s", "metrics.ttft_p95_s": "s", "metrics.tpot_p50_ms": "ms", "power.it_w": "W",
		"power.by_component.fans": "W", "power.joules_per_output_token": "J", "time.by_state.decode": "s",
		"time.busy.aggregated": "", "version": "", "fingerprint": ""} {
		i, ok := table.Column(name)
		require.True(t, ok, name)
		require.Equal(t, unit, table.Columns[i].Unit, name)
	}
	for _, gone := range []string{"wall_s", "question", "search", "memory"} {
		_, ok := table.Column(gone)
		require.False(t, ok, gone)
	}
	agents, ok := table.Column("capacity.agents")
	require.True(t, ok)
	status, _ := table.Column("status")
	for i, row := range table.Rows {
		require.Equal(t, int64(i), row[0].Whole)
		require.Equal(t, int64(i%2), row[1].Whole)
		if i < 8 {
			require.Equal(t, sweep.Done, row[status].Text)
			require.Equal(t, int64(list[11-i].Result.Capacity.Agents), row[agents].Whole)
			continue
		}
		require.Equal(t, sweep.Infeasible, row[status].Text)
		require.Equal(t, sweep.Cell{Known: true}, row[agents], "no agent is served")
		speed, _ := table.Column("metrics.output_speed_p25")
		require.False(t, row[speed].Known)
	}
}

// Column names may be cut short where that is of one column alone.
func TestColumn(t *testing.T) {
	table := sweep.Table{Columns: []sweep.Column{{Name: "a.b.c"}, {Name: "x.c"}, {Name: "c"}, {Name: "a.d"}}}
	for name, want := range map[string]int{"b.c": 0, "c": 2, "d": 3, "a.d": 3, "x.c": 1} {
		i, ok := table.Column(name)
		require.True(t, ok, name)
		require.Equal(t, want, i, name)
	}
	_, ok := table.Column("b")
	require.False(t, ok)
}

// A point is a pure function of its number: the same row wherever it is made,
// also by way of JSON.
func TestRowsAreEqual(t *testing.T) {
	p, q := plan(t, small), plan(t, small)
	a, b := rows(t, p), rows(t, q)
	require.Equal(t, a, b)
	for i := range a {
		text, err := json.Marshal(a[i])
		require.NoError(t, err)
		var back sweep.Row
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, sweep.Tabulate(p, "", []*sweep.Row{a[i]}), sweep.Tabulate(p, "", []*sweep.Row{&back}))
	}
}

// Points of other studies with the same scenario and seed have the same key.
func TestKey(t *testing.T) {
	keys := func(text string) []string {
		p := plan(t, text)
		e := sweep.NewEvaluator(p, "")
		var list []string
		for i := range p.Len() {
			list = append(list, e.Load(i).Key)
		}
		return list
	}
	all := keys(small)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(all))), 12)
	other := keys(head + "axes: [{path: deployment.batching, values: [prefill-priority, mixed]}]\n" +
		"set: [slo.output_speed.p25=0.02ktok/s]\n")
	require.Subset(t, all, other)
	same := keys(head + "axes: [{path: slo.output_speed.p25, values: [20tok/s]}]\nset: [deployment.batching=mixed]")
	require.Contains(t, all, same[0])
	simulated := keys("name: x\nscenario: h200-agentperf-slo20\naxes: [{path: slo.output_speed.p25, values: [20tok/s]}]\n" +
		"set: [deployment.batching=mixed]")
	require.NotContains(t, all, simulated[0])
}

// A point that is impossible fails, and says why; the others go on.
func TestFailure(t *testing.T) {
	p := plan(t, head+"axes: [{path: deployment.aggregated.tp, values: [8, 3]}]\n")
	list := rows(t, p)
	require.Equal(t, sweep.Done, list[0].Status)
	require.Equal(t, sweep.Failed, list[1].Status)
	require.Contains(t, list[1].Error, "tp: 3 does not divide the worker's 8 accelerators")
	require.Equal(t, "3", list[1].Settings[0].Text)
	table := sweep.Tabulate(p, "", list)
	require.Contains(t, table.FirstFailure(), "point 1: ")
	require.ErrorIs(t, table.Judge([]string{"capacity.agents >= 1"}), sweep.ErrThreshold, "a failed point misses it")
	require.NoError(t, table.Judge([]string{"max(capacity.agents) >= 1"}))
	preview := sweep.NewEvaluator(p, "").Preview(1)
	require.Contains(t, preview.Error, "tp: 3 does not divide")
}

func TestContextEnds(t *testing.T) {
	p := plan(t, "name: x\nscenario: h200-agentperf-slo20\naxes: [{path: system.domain, values: [8]}]\n")
	e := sweep.NewEvaluator(p, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := e.Row(ctx, e.Load(0))
	require.ErrorIs(t, err, context.Canceled)
}

// made is a table of two axes and one metric, 10·a + b with a spread of ±e
// over two replications.
func made(e float64) *sweep.Table {
	t := &sweep.Table{Study: "made", Axes: []string{"a", "b"}, Objectives: []sweep.Objective{{Metric: "y"}, {Metric: "z", Goal: "min"}},
		Columns: []sweep.Column{{Name: "point", Kind: sweep.Whole}, {Name: "replication", Kind: sweep.Whole}, {Name: "seed", Kind: sweep.Whole},
			{Name: "status", Kind: sweep.Text}, {Name: "error", Kind: sweep.Text}, {Name: "a", Kind: sweep.Number, Unit: "s"}, {Name: "b", Kind: sweep.Text},
			{Name: "y", Kind: sweep.Number}, {Name: "z", Kind: sweep.Number}}}
	number := func(v float64) sweep.Cell { return sweep.Cell{Known: true, Number: v, Whole: int64(v)} }
	text := func(s string) sweep.Cell { return sweep.Cell{Known: true, Text: s} }
	point := 0.0
	for _, a := range []float64{1, 2, 3} {
		for b, name := range []string{"x", "y"} {
			for r, sign := range []float64{-1, 1} {
				y := 10*a + float64(b) + sign*e
				t.Rows = append(t.Rows, []sweep.Cell{number(point), number(float64(r)), number(0), text(sweep.Done), {},
					number(a), text(name), number(y), number(y * y)})
				point++
			}
		}
	}
	return t
}

func TestSummarise(t *testing.T) {
	s, err := made(0.5).Summarise(2)
	require.NoError(t, err)
	require.Equal(t, 12, s.Points)
	require.Len(t, s.Best, 2)
	require.Equal(t, []string{"3s", "y"}, s.Best[0].Settings)
	require.Equal(t, []int64{10, 11}, s.Best[0].Points)
	// Two values 30.5 and 31.5: mean 31, deviation 0.7071, t(1, 97.5 %) = 12.706.
	require.InDelta(t, 31, s.Best[0].Scores[0].Mean, 1e-12)
	require.InDelta(t, 31-12.706*0.5, s.Best[0].Scores[0].Low, 1e-3)
	require.Len(t, s.Front, 6, "more y costs more z")
	require.Equal(t, "a", s.Effects[0].Axis)
	require.Equal(t, "2s", s.Effects[0].Levels[1].Value)
	require.InDelta(t, 20.5, s.Effects[0].Levels[1].Mean, 1e-12)
	// Of the variance of 10a + b ± e: a has 100·2/3, b 1/4, e 1/4.
	require.InDelta(t, 66.667/(66.667+0.25+0.25), s.Effects[0].Share, 1e-4)
	require.InDelta(t, 0.25/(66.667+0.25+0.25), s.Effects[1].Share, 1e-4)
}

// A front of one goal is its best; equal points are told once.
func TestFront(t *testing.T) {
	table := made(0)
	table.Objectives = table.Objectives[:1]
	s, err := table.Summarise(0)
	require.NoError(t, err)
	require.Len(t, s.Front, 1)
	table.Objectives = []sweep.Objective{{Metric: "nothing"}}
	_, err = table.Summarise(0)
	require.ErrorContains(t, err, "objectives nothing: is no column of numbers")
}

// Axes with many values are summarised in intervals.
func TestIntervals(t *testing.T) {
	table := made(0)
	rows := table.Rows
	table.Rows = nil
	for i := range 40 {
		row := slices.Clone(rows[i%len(rows)])
		row[5].Number = float64(i)
		table.Rows = append(table.Rows, row)
	}
	groups := table.Groups(0, 7, 12)
	require.Len(t, groups, 5)
	require.Equal(t, "0s … 7s", groups[0].Name)
	require.InDelta(t, 3.5, groups[0].Number, 1e-12)
	cells := table.Cross(0, groups, 1, table.Groups(1, 7, 12), 7)
	for i, row := range cells {
		require.Len(t, slices.Concat(row...), len(groups[i].Values), "tables and figures gather alike")
	}
	n := 0
	for _, row := range cells {
		for _, cell := range row {
			n += len(cell)
		}
	}
	require.Equal(t, 40, n)
}

func TestJudge(t *testing.T) {
	table := made(0)
	require.NoError(t, table.Judge([]string{"y >= 10", "max(y) >= 31", "min(z) == 100", "mean(y) < 21", "median(y) > 20",
		"y <= max(y)", "status == done"}))
	err := table.Judge([]string{"y >= 11"})
	require.ErrorIs(t, err, sweep.ErrThreshold)
	require.EqualError(t, err, "threshold missed: y >= 11 at points 0, 1")
	require.EqualError(t, table.Judge([]string{"max(y) > 31"}), "threshold missed: max(y) > 31 at all 12 points")
	require.EqualError(t, table.Judge([]string{"y > 20"}),
		"threshold missed: y > 20 at points 0, 1, 2, 3, 4 and 1 more")
	err = table.Judge([]string{"nothing > 1"})
	require.False(t, errors.Is(err, sweep.ErrThreshold))
	require.ErrorContains(t, err, "nothing is no column of the results")
	require.ErrorContains(t, table.Judge([]string{"max(b) > 1"}), "works on numbers")
}

func TestShowAndPlain(t *testing.T) {
	number := func(v float64) sweep.Cell { return sweep.Cell{Known: true, Number: v, Whole: int64(v)} }
	for _, c := range []struct {
		column      sweep.Column
		cell        sweep.Cell
		show, plain string
	}{
		{sweep.Column{Kind: sweep.Number, Unit: "B"}, number(144e9), "144GB", "1.44e+11"},
		{sweep.Column{Kind: sweep.Number, Unit: "tok/s"}, number(20), "20tok/s", "20"},
		{sweep.Column{Kind: sweep.Number, Unit: "s"}, number(0.5), "500ms", "0.5"},
		{sweep.Column{Kind: sweep.Number, Unit: "1/MW"}, number(1.0 / 3), "0.33333", "0.3333333333333333"},
		{sweep.Column{Kind: sweep.Whole}, number(math.MaxInt32), "2147483647", "2147483647"},
		{sweep.Column{Kind: sweep.Text}, sweep.Cell{Known: true, Text: "a,b"}, "a,b", "a,b"},
		{sweep.Column{Kind: sweep.Number}, sweep.Cell{}, "", ""},
	} {
		require.Equal(t, c.show, c.column.Show(c.cell))
		require.Equal(t, c.plain, c.column.Plain(c.cell))
	}
}

// An estimate has all figures that a search has: none is 0 at every point but
// for those of what this scenario has not: people, kernels beyond their tables.
func TestEstimatesHaveAllFigures(t *testing.T) {
	p := plan(t, "name: x\nscenario: h200-agentperf-slo20\nevaluate: analytic\naxes:\n"+
		"  - {path: slo.output_speed.p25, values: [20tok/s]}\n")
	estimated := sweep.Tabulate(p, "v1", rows(t, p))
	for i, c := range estimated.Columns {
		none := []string{"point", "replication", "seed", "metrics.share_of_people", "prompts.realised_hit", "extrapolated",
			"capacity.model_interval.infeasible_share"}
		if slices.Contains(none, c.Name) || c.Kind == sweep.Text {
			continue
		}
		require.True(t, estimated.Rows[0][i].Known, c.Name)
		if !strings.HasPrefix(c.Name, "time.by_state.") && !strings.HasPrefix(c.Name, "metrics.prefix_lost.") {
			require.Positive(t, estimated.Rows[0][i].Number, c.Name)
		}
	}
	for _, name := range []string{"metrics.e2e_speed_p50", "metrics.ttft_p99_s", "capacity.estimate.mean_flow_agents", "calls"} {
		_, ok := estimated.Column(name)
		require.True(t, ok, name)
	}
}

// Every row says where its answer lies, as the errors that it is given put it,
// but where the study wants no such thing.
func TestRowsHaveTheIntervalOfTheModel(t *testing.T) {
	const study = "name: x\nscenario: h200-agentperf-slo20\nevaluate: flows\naxes:\n" +
		"  - {path: slo.output_speed.p25, values: [10tok/s, 500tok/s]}\n" +
		"thresholds: [max(capacity.model_interval.agents.p10) > 0]\n"
	tables := map[*sweep.Plan]*sweep.Table{}
	at := func(p *sweep.Plan, row int, column string) sweep.Cell {
		if tables[p] == nil {
			tables[p] = sweep.Tabulate(p, "v1", rows(t, p))
		}
		table := tables[p]
		i, ok := table.Column(column)
		if !ok {
			return sweep.Cell{}
		}
		return table.Rows[row][i]
	}
	p := plan(t, study)
	for _, of := range []string{"agents", "agents_per_accelerator", "agents_per_mw.accelerator_measured"} {
		low, middle, high := at(p, 0, "capacity.model_interval."+of+".p10"), at(p, 0, "capacity.model_interval."+of+".p50"),
			at(p, 0, "capacity.model_interval."+of+".p90")
		require.Positive(t, low.Number, of)
		require.LessOrEqual(t, low.Number, middle.Number, of)
		require.Less(t, middle.Number, high.Number, of)
		require.Equal(t, sweep.Cell{Known: true}, at(p, 1, "capacity.model_interval."+of+".p90"), "nobody is served")
	}

	shipped, err := configs.PublicAccuracy()
	require.NoError(t, err)
	sure := *shipped
	sure.Quantities = nil // nothing is known to be off
	source := sweep.Source{Study: configs.Source{Name: "x", Text: []byte(study)}, Scenarios: scenarios.FS, Accuracy: &sure}
	narrow, err := sweep.NewPlan(source)
	require.NoError(t, err)
	require.NotEqual(t, p.Hash, narrow.Hash, "rows differ")
	width := func(p *sweep.Plan) float64 {
		return at(p, 0, "capacity.model_interval.agents.p90").Number / at(p, 0, "capacity.model_interval.agents.p10").Number
	}
	require.Less(t, width(narrow), width(p))

	none := plan(t, strings.ReplaceAll(study, "thresholds: [max(capacity.model_interval.agents.p10) > 0]", "interval: none"))
	require.False(t, at(none, 0, "capacity.model_interval.agents.p50").Known)
}
