package calibrate

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// table is one Parquet file held by columns.
type table struct {
	location
	rows    int
	numbers map[string][]float64
	texts   map[string][]string
}

// readTable reads a whole file; tables have at most some hundred thousand rows.
func readTable(l location) (*table, error) {
	f, err := os.Open(l.Path)
	if err != nil {
		return nil, fmt.Errorf("kernel table: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("kernel table: %w", err)
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("kernel table %s: not a whole Parquet file: %w", l.Path, err)
	}
	t := &table{location: l, numbers: map[string][]float64{}, texts: map[string][]string{}}
	if err := t.fill(file); err != nil {
		return nil, fmt.Errorf("kernel table %s: %w", l.Path, err)
	}
	if t.rows == 0 {
		return nil, fmt.Errorf("kernel table %s: has no rows", l.Path)
	}
	return t, nil
}

func (t *table) fill(file *parquet.File) (err error) {
	defer func() { // a damaged page makes the decoder panic
		if r := recover(); r != nil {
			err = fmt.Errorf("not a whole Parquet file: %v", r)
		}
	}()
	names := file.Schema().Columns()
	for _, group := range file.RowGroups() {
		if err := t.readGroup(group, names); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) readGroup(group parquet.RowGroup, names [][]string) error {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 1024)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			for _, value := range row {
				t.add(strings.Join(names[value.Column()], "."), value)
			}
		}
		t.rows += n
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", t.rows, err)
		}
	}
}

// add files a value by its kind; an empty cell is NaN, which only a column
// that is asked for turns into an error.
func (t *table) add(name string, v parquet.Value) {
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		t.numbers[name] = append(t.numbers[name], float64(v.Int64()))
	case parquet.Float:
		t.numbers[name] = append(t.numbers[name], float64(v.Float()))
	case parquet.Double:
		t.numbers[name] = append(t.numbers[name], v.Double())
	case parquet.Boolean:
		t.numbers[name] = append(t.numbers[name], 0)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		t.texts[name] = append(t.texts[name], string(v.ByteArray()))
	default:
		t.numbers[name] = append(t.numbers[name], math.NaN())
	}
}

// columns hands out the columns of a table and keeps the first fault, so that
// a reader can ask for all it needs and look once.
type columns struct {
	*table
	err error
}

func (c *columns) fail(column, problem string) {
	if c.err == nil {
		c.err = fmt.Errorf("kernel table %s: column %q %s", c.Path, column, problem)
	}
}

// number returns a column of finite numbers.
func (c *columns) number(name string) []float64 {
	values, ok := c.numbers[name]
	if !ok || len(values) != c.rows {
		c.fail(name, c.missing(name))
		return make([]float64, c.rows)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.fail(name, fmt.Sprintf("row %d is %g, not a number", i+1, v))
			break
		}
	}
	return values
}

// positive returns a column of numbers above 0.
func (c *columns) positive(name string) []float64 {
	values := c.number(name)
	if i := slices.IndexFunc(values, func(v float64) bool { return v <= 0 }); i >= 0 && c.err == nil {
		c.fail(name, fmt.Sprintf("row %d is %g, not above 0", i+1, values[i]))
	}
	return values
}

// text returns a column of words.
func (c *columns) text(name string) []string {
	values, ok := c.texts[name]
	if !ok || len(values) != c.rows {
		c.fail(name, c.missing(name))
		return make([]string, c.rows)
	}
	return values
}

// textOr is text, or the same word in every row of a table that was written
// before it had the column.
func (c *columns) textOr(name, word string) []string {
	_, words := c.texts[name]
	_, numbers := c.numbers[name]
	if words || numbers {
		return c.text(name)
	}
	return slices.Repeat([]string{word}, c.rows)
}

func (c *columns) missing(name string) string {
	if _, ok := c.numbers[name]; ok {
		return "holds numbers in some rows only, or where words belong"
	}
	if _, ok := c.texts[name]; ok {
		return "holds words in some rows only, or where numbers belong"
	}
	return "is missing; the table has " + strings.Join(c.names(), ", ")
}

func (c *columns) names() []string {
	var names []string
	for name := range c.numbers {
		names = append(names, name)
	}
	for name := range c.texts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const millisecond = 1e-3

// latency returns the measured times in seconds; tables hold milliseconds. A
// row of 0 or less was not measured: it becomes 0 and is left out later.
func (c *columns) latency() []float64 {
	seconds := slices.Clone(c.number("latency"))
	for i, v := range seconds {
		seconds[i] = max(0, v) * millisecond
	}
	return seconds
}

// optional is a column that some tables lack, 0 there.
func optional(c *columns, name string) []float64 {
	if _, ok := c.numbers[name]; !ok {
		return make([]float64, c.rows)
	}
	return c.number(name)
}
