package validate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Read reads the cases of a CSV table. Name is shown in errors, which say line
// and column of what is wrong. Columns may come in any order; others than those
// of a Case are ignored.
func Read(r io.Reader, name string) ([]Case, error) {
	t := table{name: name, csv: csv.NewReader(r)}
	if err := t.header(); err != nil {
		return nil, err
	}
	var cases []Case
	seen := map[string]int{}
	for {
		c, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if line, twice := seen[c.ID]; twice {
			return nil, t.errorf("id", "%q is already in line %d", c.ID, line)
		}
		seen[c.ID] = t.line
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s: no cases: want rows below the header", name)
	}
	return cases, nil
}

// table is a CSV file under way. Of a row the first fault is kept, and the
// first thing that is not recorded.
type table struct {
	name   string
	csv    *csv.Reader
	places map[string]int // columns by name
	row    []string
	line   int
	fault  error
	gap    string
}

// columns are those a table must have besides the metrics.
func columns() []string {
	return []string{"id", "date", "engine", "system", "model", "weights", "kv_cache", "mode", "gpus",
		"prefill_workers", "prefill_gpus", "prefill_tp", "prefill_ep", "prefill_dp_attention",
		"decode_workers", "decode_gpus", "decode_tp", "decode_ep", "decode_dp_attention",
		"mtp", "isl", "osl", "length_range", "concurrency"}
}

func (t *table) header() error {
	row, err := t.csv.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: empty: want a header with the columns %s", t.name, strings.Join(columns(), ", "))
		}
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.places = map[string]int{}
	for i, column := range row {
		if _, twice := t.places[column]; twice {
			return fmt.Errorf("%s:1: column %s stands there twice", t.name, column)
		}
		t.places[column] = i
	}
	wanted := columns()
	for _, m := range Metrics() {
		wanted = append(wanted, m.String())
	}
	for _, column := range wanted {
		if !slices.Contains(row, column) {
			return fmt.Errorf("%s:1: column %s is missing; want %s", t.name, column, strings.Join(wanted, ", "))
		}
	}
	return nil
}

func (t *table) errorf(column, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s: %s", t.name, t.line, column, fmt.Sprintf(format, args...))
}

// refuse keeps the first fault of the row.
func (t *table) refuse(column, format string, args ...any) {
	if t.fault == nil {
		t.fault = t.errorf(column, format, args...)
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
	t.row, t.fault, t.gap = row, nil, ""
	t.line, _ = t.csv.FieldPos(0)
	c := Case{
		ID: t.text("id"), Date: t.cell("date"), Engine: t.text("engine"), System: t.text("system"), Model: t.text("model"),
		Weights: t.cell("weights"), KVCache: t.cell("kv_cache"), Mode: t.text("mode"), Accelerators: t.count("gpus"),
		MTP: t.flag("mtp"), Input: t.count("isl"), Output: t.count("osl"), Shortest: t.lengths("length_range"),
		Concurrency: t.count("concurrency"), Decode: t.pool("decode"),
	}
	switch c.Mode {
	case aggregated:
	case disaggregated:
		c.Prefill = t.pool("prefill")
	case "":
	default:
		t.refuse("mode", "%q: want %s or %s", c.Mode, aggregated, disaggregated)
	}
	for _, m := range Metrics() {
		c.Measured[m] = t.measured(m.String())
	}
	total := c.Prefill.Workers*c.Prefill.Accelerators + c.Decode.Workers*c.Decode.Accelerators
	if t.gap == "" && total != c.Accelerators {
		t.gap = fmt.Sprintf("gpus: %d, but the workers have %d in all", c.Accelerators, total)
	}
	c.Line, c.Gap = t.line, t.gap
	return c, t.fault
}

func (t *table) pool(name string) Pool {
	return Pool{Workers: t.count(name + "_workers"), Accelerators: t.count(name + "_gpus"), TP: t.count(name + "_tp"),
		EP: t.count(name + "_ep"), DPAttention: t.flag(name + "_dp_attention")}
}

func (t *table) cell(column string) string { return strings.TrimSpace(t.row[t.places[column]]) }

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
	}
	return from
}
