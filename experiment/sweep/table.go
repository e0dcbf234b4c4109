package sweep

import (
	"encoding/json"
	"slices"
	"strings"
)

// Table is the results of a study, one row a point.
type Table struct {
	Study, Question, Hash, Version string
	Axes                           []string
	Objectives                     []Objective
	Scenario                       string   // that the points vary, and
	Set                            []string // what is set in all of them

	Columns []Column
	Rows    [][]Cell
}

// Kind is the type of a column.
type Kind string

// The types of columns.
const (
	Whole  Kind = "whole" // whole numbers
	Number Kind = "number"
	Text   Kind = "text"
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
	Unit string // base unit of numbers; empty where there is none
}

// Cell is a value of a column's kind, or none.
type Cell struct {
	Known  bool
	Whole  int64
	Number float64
	Text   string
}

// The columns that every table begins with.
const (
	pointColumn       = "point"
	replicationColumn = "replication"
	seedColumn        = "seed"
	statusColumn      = "status"
	errorColumn       = "error"
	scenarioColumn    = "study.scenario" // that the points vary, as the study names it
	setColumn         = "study.set"      // what makes the point of it, as a JSON list of overrides

	deploymentColumn = "deployment" // of studies that leave it open
)

// intervalColumns begins those of where an answer lies by the model's errors.
const intervalColumns = "capacity.model_interval."

// Tabulate lays rows out in columns: what they are, the swept fields by their
// paths, then the fields of a capacity, flattened with dots. Rows come in the
// order of their points.
func Tabulate(p *Plan, version string, rows []*Row) *Table {
	t := &Table{Study: p.Study.Name, Hash: p.Hash, Version: version, Axes: p.Axes()}
	t.Frame(p)
	t.Columns = []Column{{pointColumn, Whole, ""}, {replicationColumn, Whole, ""}, {seedColumn, Whole, ""},
		{statusColumn, Text, ""}, {errorColumn, Text, ""}, {scenarioColumn, Text, ""}, {setColumn, Text, ""}}
	rows = slices.SortedFunc(slices.Values(rows), func(a, b *Row) int { return a.Point - b.Point })
	for i := range t.Axes {
		t.Columns = append(t.Columns, axisColumn(rows, i))
	}
	results := resultColumns(rows)
	if slices.ContainsFunc(rows, func(r *Row) bool { return r.Deployment != "" }) {
		results = slices.Insert(results, 0, Column{deploymentColumn, Text, ""})
	}
	t.Columns = append(t.Columns, results...)
	for _, r := range rows {
		t.Rows = append(t.Rows, t.cells(p, r, results))
	}
	return t
}

// Frame gives results the question and the objectives of a plan, which may have
// changed since they were made.
func (t *Table) Frame(p *Plan) {
	t.Question, t.Objectives = p.Study.Question, p.Study.goals()
	t.Scenario, t.Set = p.Study.Scenario, p.Study.Set
}

// axisColumn is numeric if every value of the axis is.
func axisColumn(rows []*Row, i int) Column {
	c := Column{Kind: Whole}
	for _, r := range rows {
		s := r.Settings[i]
		c.Name = s.Path
		switch {
		case !s.Numeric:
			return Column{s.Path, Text, ""}
		case !s.Whole:
			c.Kind = Number
		}
		c.Unit = s.Unit
	}
	return c
}

func (t *Table) cells(p *Plan, r *Row, results []Column) []Cell {
	cells := make([]Cell, 0, len(t.Columns))
	cells = append(cells, whole(int64(r.Point)), whole(int64(r.Replication)), whole(int64(r.Seed)),
		Cell{Known: true, Text: r.Status}, Cell{Known: r.Error != "", Text: r.Error},
		Cell{Known: true, Text: t.Scenario}, Cell{Known: true, Text: overrides(p, r)})
	for _, s := range r.Settings {
		cells = append(cells, Cell{Known: true, Whole: int64(s.Number), Number: s.Number, Text: s.Text})
	}
	found := map[string]Cell{deploymentColumn: {Known: r.Deployment != "", Text: r.Deployment}}
	for _, f := range fields(r.Result) {
		found[f.Name] = f.Cell
	}
	for _, c := range results {
		cell := found[c.Name]
		if r.Status == Infeasible && strings.HasPrefix(c.Name, "capacity.") &&
			!strings.HasPrefix(c.Name, intervalColumns+"stack.") {
			cell = Cell{Known: true} // not one agent
		}
		cells = append(cells, cell)
	}
	return cells
}

// overrides are those that make a point out of the study's scenario.
func overrides(p *Plan, r *Row) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(p.Point(r.Point).Sets) // a builder takes everything
	return strings.TrimSuffix(b.String(), "\n")
}

func whole(n int64) Cell { return Cell{Known: true, Whole: n, Number: float64(n)} }

// Column finds a column by its name, or by the end of its name where that is
// of one column alone: agents_per_mw.it is capacity.agents_per_mw.it.
func (t *Table) Column(name string) (int, bool) {
	found, matches := -1, 0
	for i, c := range t.Columns {
		if c.Name == name {
			return i, true
		}
		if strings.HasSuffix(c.Name, "."+name) {
			found = i
			matches++
		}
	}
	return found, matches == 1
}
