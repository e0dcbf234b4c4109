package validate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Read reads the cases of a CSV table: requests of fixed length (columns isl,
// osl), or agents (column workload). Columns may come in any order; others than
// those of a Case are ignored. A row that is not as it should be is a case with
// a Gap that says why; a table without a single usable row is an error. Name is
// shown in errors.
func Read(r io.Reader, name string) ([]Case, error) {
	t := table{name: name, csv: csv.NewReader(r)}
	t.csv.FieldsPerRecord = -1
	t.csv.LazyQuotes = true
	if err := t.header(); err != nil {
		return nil, err
	}
	var cases []Case
	seen := map[string]int{}
	usable := 0
	for {
		c, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if line, twice := seen[c.ID]; twice && c.Gap == "" {
			c.Gap = fmt.Sprintf("id: %q is already in line %d", c.ID, line)
		}
		seen[c.ID] = t.line
		if c.Gap == "" {
			usable++
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: no cases: want rows below the header", name)
	}
	if usable == 0 {
		return nil, fmt.Errorf("%s: no usable case in %d rows; %s:%d: %s",
			name, len(cases), name, cases[0].Line, cases[0].Gap)
	}
	return cases, nil
}

// table is a CSV file under way. Of a row the first thing is kept that makes it
// unusable.
type table struct {
	name   string
	csv    *csv.Reader
	places map[string]int // columns by name
	agents bool           // rows are runs of agents
	row    []string
	line   int
	gap    string
}

// columns are those that every table must have.
func columns() []string {
	return []string{"id", "engine", "system", "model", "mode", "gpus", "decode_workers", "decode_gpus", "concurrency"}
}

// fixedColumns are those that a table of requests of fixed length must have.
func fixedColumns() []string {
	return append(columns(), "date", "weights", "kv_cache",
		"prefill_workers", "prefill_gpus", "prefill_tp", "prefill_ep", "prefill_dp_attention",
		"decode_tp", "decode_ep", "decode_dp_attention", "mtp", "isl", "osl", "length_range")
}

// agentColumns are those that a table of runs of agents must have.
func agentColumns() []string { return append(columns(), "workload", "load") }

func (t *table) header() error {
	row, err := t.csv.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: empty: want a header with the columns %s", t.name, strings.Join(fixedColumns(), ", "))
		}
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.places = map[string]int{}
	for i, column := range row {
		column = strings.TrimPrefix(strings.TrimSpace(column), "\ufeff")
		if _, twice := t.places[column]; twice {
			return fmt.Errorf("%s:1: column %s stands there twice", t.name, column)
		}
		t.places[column] = i
	}
	wanted := fixedColumns()
	if t.agents = t.has("workload"); t.agents {
		wanted = agentColumns()
	}
	for _, column := range wanted {
		if !t.has(column) {
			return fmt.Errorf("%s:1: column %s is missing; want %s", t.name, column, strings.Join(wanted, ", "))
		}
	}
	if !slices.ContainsFunc(Metrics(), func(m Metric) bool { return t.has(m.String()) }) {
		return fmt.Errorf("%s:1: no column of measurements; want one of %v", t.name, Metrics())
	}
	return nil
}

func (t *table) has(column string) bool {
	_, ok := t.places[column]
	return ok
}

// refuse keeps the first reason why the row cannot be used.
func (t *table) refuse(column, format string, args ...any) {
	if t.gap == "" {
		t.gap = column + ": " + fmt.Sprintf(format, args...)
	}
}

// next reads a row; io.EOF after the last.
func (t *table) next() (Case, error) {
	row, err := t.csv.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return Case{}, io.EOF
		}
		return Case{}, fmt.Errorf("%s: %w", t.name, err)
	}
	t.row, t.gap = row, ""
	t.line, _ = t.csv.FieldPos(0)
	if len(row) != len(t.places) {
		t.gap = fmt.Sprintf("%d cells in a row, but %d columns", len(row), len(t.places))
	}
	c := Case{
		ID:           t.text("id"),
		Date:         t.cell("date"),
		Engine:       t.text("engine"),
		Version:      t.cell("version"),
		System:       t.text("system"),
		Model:        t.text("model"),
		Weights:      t.cell("weights"),
		KVCache:      t.cell("kv_cache"),
		Mode:         t.text("mode"),
		Accelerators: t.count("gpus"),
		Concurrency:  t.count("concurrency"),
		Decode:       t.pool("decode"),
		Notes:        t.cell("notes"),
		Line:         t.line,
	}
	switch c.Mode {
	case aggregated:
	case disaggregated:
		c.Prefill = t.pool("prefill")
	case "":
	default:
		t.refuse("mode", "%q: want %s or %s", c.Mode, aggregated, disaggregated)
	}
	if t.agents {
		t.load(&c)
	} else {
		t.fixed(&c)
	}
	t.metrics(&c)
	total := c.Prefill.Workers*c.Prefill.Accelerators + c.Decode.Workers*c.Decode.Accelerators
	if total != c.Accelerators {
		t.refuse("gpus", "%d, but the workers have %d in all", c.Accelerators, total)
	}
	c.Gap = t.gap
	return c, nil
}

// fixed reads what tables of requests of fixed length record.
func (t *table) fixed(c *Case) {
	c.MTP = t.flag("mtp")
	c.Input, c.Output = t.count("isl"), t.count("osl")
	c.Shortest = t.lengths("length_range")
	if c.MTP {
		c.Draft.Name = "mtp"
	}
}

// meanFirst is the mean time to first token of rows that are kept in
// aiconfigurator's form, in their notes.
var meanFirst = regexp.MustCompile(`TTFT ([0-9.]+) s.*mean`)

// load reads what tables of agents record.
func (t *table) load(c *Case) {
	name, about, _ := strings.Cut(t.text("workload"), ":")
	c.Load = Load{
		Workload: strings.TrimSpace(name),
		About:    strings.TrimSpace(about),
		Lanes:    t.cell("load") == "lanes",
		Offload:  t.cell("offload"),
		Warmup:   t.measured("warmup_s"),
		Window:   t.measured("window_s"),
	}
	if c.Load.Window == 0 {
		c.Load.finite(c.Notes)
	}
	switch load, _, _ := strings.Cut(t.text("load"), ","); load {
	case "lanes", "sessions", "":
	default:
		t.refuse("load", "%q: want lanes or sessions", load)
	}
	c.Draft = Draft{Name: t.cell("draft_kind"), Accepted: t.measured("acceptance_length")}
	if t.cell("draft_tokens") != "" {
		c.Draft.Depth = t.count("draft_tokens")
	}
	c.MTP = c.Draft.Name != "" && c.Draft.Name != "none"
	if c.Draft.Accepted > 0 && c.Draft.Accepted < 1 {
		t.refuse("acceptance_length", "%v: want 1 or more, the bonus token included", c.Draft.Accepted)
	}
	if c.Load.Lanes && c.Load.Window == 0 {
		t.refuse("window_s", "lanes have no end: want the seconds that count")
	}
}

// metrics reads the measurements, and throughput from watts and joules a token
// where those alone were reported.
func (t *table) metrics(c *Case) {
	any := false
	for _, m := range Metrics() {
		if t.has(m.String()) {
			c.Measured[m] = t.measured(m.String())
			any = any || c.Measured[m] > 0
		}
	}
	if found := meanFirst.FindStringSubmatch(c.Notes); found != nil && c.Measured[TTFT] == 0 {
		c.Measured[TTFTMean], _ = strconv.ParseFloat(found[1], 64)
	}
	if c.Measured[Hit] > 1 {
		t.refuse(Hit.String(), "%v: want a share from 0 to 1", c.Measured[Hit])
	}
	if c.Measured[OutputThroughput] == 0 && c.Measured[Power] > 0 && c.Measured[Energy] > 0 {
		c.Measured[OutputThroughput] = c.Measured[Power] / c.Measured[Energy]
	}
	if tpot := c.tpot(); !c.MTP && c.Measured[Step] == 0 && c.outputRate() > 0 {
		c.Measured[Step] = tpot // compared at the batch that was measured
	}
	if !any {
		t.refuse("metrics", "nothing was measured")
	}
}

// pool reads a pool. Where a table leaves a worker's inside open it is taken to
// be split by tensor parallelism alone.
func (t *table) pool(name string) Pool {
	p := Pool{Workers: t.count(name + "_workers"), Accelerators: t.count(name + "_gpus")}
	if !t.agents {
		p.TP, p.EP = t.count(name+"_tp"), t.count(name+"_ep")
		p.DPAttention = t.flag(name + "_dp_attention")
		return p
	}
	p.TP, p.EP = p.Accelerators, 1
	if t.cell(name+"_tp") != "" {
		p.TP = t.count(name + "_tp")
	}
	if t.cell(name+"_ep") != "" {
		p.EP = t.count(name + "_ep")
	}
	if t.cell(name+"_dp_attention") != "" {
		p.DPAttention = t.flag(name + "_dp_attention")
	}
	return p
}

// cell is empty where the table has no such column, or the row ends before it.
func (t *table) cell(column string) string {
	i, ok := t.places[column]
	if !ok || i >= len(t.row) {
		return ""
	}
	return strings.TrimSpace(t.row[i])
}

// text is a cell that a case cannot do without.
func (t *table) text(column string) string {
	s := t.cell(column)
	if s == "" && t.gap == "" {
		t.gap = column + " is not recorded"
	}
	return s
}

// countMax bounds whole numbers, so that sums and products of them fit.
const countMax = 1 << 24

// count is a whole number of at least 1.
func (t *table) count(column string) int {
	s := t.text(column)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > countMax {
		t.refuse(column, "%q: want a whole number from 1 to %d", s, countMax)
		return 0
	}
	return n
}

func (t *table) flag(column string) bool {
	s := t.text(column)
	if s != "true" && s != "false" && s != "" {
		t.refuse(column, "%q: want true or false", s)
	}
	return s == "true"
}

// measured is a positive number, or 0 for an empty cell.
func (t *table) measured(column string) float64 {
	s := t.cell(column)
	if s == "" {
		return 0
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x > 0) || math.IsInf(x, 0) {
		t.refuse(column, "%q: want a number above 0, or nothing", s)
		return 0
	}
	return x
}

// lengths is the lower end of the lengths as a share of nominal: "fixed", or
// "0.8-1.0".
func (t *table) lengths(column string) float64 {
	s := t.text(column)
	if s == "fixed" || s == "" {
		return 1
	}
	low, high, ok := strings.Cut(s, "-")
	from, errFrom := strconv.ParseFloat(low, 64)
	to, errTo := strconv.ParseFloat(high, 64)
	if !ok || errFrom != nil || errTo != nil || to != 1 || !(from > 0) || from > 1 {
		t.refuse(column, "%q: want fixed, or a range up to nominal such as 0.8-1.0", s)
		return 1
	}
	return from
}
