package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"

	"agentsim/experiment/sweep"
)

// metadataKey holds a description of the table in the file's metadata, as
// JSON; units are there too, one key a column, for other programs.
const (
	metadataKey = "agentsim"
	unitPrefix  = "unit:"
)

// description is what a file says of its table beside the columns.
type description struct {
	Study      string            `json:"study"`
	Question   string            `json:"question,omitempty"`
	Hash       string            `json:"study_hash"`
	Version    string            `json:"version"`
	Axes       []string          `json:"axes"`
	Objectives []sweep.Objective `json:"objectives"`
	Columns    []sweep.Column    `json:"columns"`
	Scenario   string            `json:"scenario,omitempty"`
	Set        []string          `json:"set,omitempty"`
}

// columns is a Parquet group whose fields keep their order.
type columns struct {
	parquet.Group
	names []string
}

// Fields lists the fields in the order of the table.
func (c columns) Fields() []parquet.Field {
	fields := c.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(c.names, a.Name()) - slices.Index(c.names, b.Name())
	})
	return fields
}

func schemaOf(t *sweep.Table) *parquet.Schema {
	c := columns{Group: parquet.Group{}}
	for _, column := range t.Columns {
		c.names = append(c.names, column.Name)
		var node parquet.Node
		switch column.Kind {
		case sweep.Whole:
			node = parquet.Int(64)
		case sweep.Number:
			node = parquet.Leaf(parquet.DoubleType)
		default:
			node = parquet.String()
		}
		c.Group[column.Name] = parquet.Compressed(parquet.Optional(node), &parquet.Zstd)
	}
	return parquet.NewSchema("results", c)
}

// WriteParquet writes a table. The same table gives the same bytes.
func WriteParquet(w io.Writer, t *sweep.Table) error {
	about, err := json.Marshal(description{t.Study, t.Question, t.Hash, t.Version, t.Axes, t.Objectives, t.Columns,
		t.Scenario, t.Set})
	if err != nil {
		return err
	}
	options := []parquet.WriterOption{schemaOf(t), parquet.KeyValueMetadata(metadataKey, string(about)),
		parquet.CreatedBy("agentsim", t.Version, "")}
	for _, c := range t.Columns {
		if c.Unit != "" {
			options = append(options, parquet.KeyValueMetadata(unitPrefix+c.Name, c.Unit))
		}
	}
	p := parquet.NewGenericWriter[any](w, options...)
	for _, r := range t.Rows {
		if _, err := p.WriteRows([]parquet.Row{parquetRow(t, r)}); err != nil {
			return err
		}
	}
	return p.Close()
}

func parquetRow(t *sweep.Table, cells []sweep.Cell) parquet.Row {
	row := make(parquet.Row, len(cells))
	for i, c := range cells {
		if !c.Known {
			row[i] = parquet.NullValue().Level(0, 0, i)
			continue
		}
		var v parquet.Value
		switch t.Columns[i].Kind {
		case sweep.Whole:
			v = parquet.Int64Value(c.Whole)
		case sweep.Number:
			v = parquet.DoubleValue(c.Number)
		default:
			v = parquet.ByteArrayValue([]byte(c.Text))
		}
		row[i] = v.Level(0, 1, i)
	}
	return row
}

// errForeign is that of Parquet files which are no results of a study.
var errForeign = errors.New("holds no results of a study")

// ReadParquet reads a table back.
func ReadParquet(content []byte) (t *sweep.Table, err error) {
	defer func() { // a damaged page makes the decoder panic
		if fault := recover(); fault != nil {
			t, err = nil, fmt.Errorf("not a whole Parquet file: %v", fault)
		}
	}()
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("not a whole Parquet file: %w", err)
	}
	text, ok := file.Lookup(metadataKey)
	if !ok {
		return nil, errForeign
	}
	var about description
	if err := json.Unmarshal([]byte(text), &about); err != nil {
		return nil, fmt.Errorf("%w: %w", errForeign, err)
	}
	t = &sweep.Table{
		Study:      about.Study,
		Question:   about.Question,
		Hash:       about.Hash,
		Version:    about.Version,
		Axes:       about.Axes,
		Objectives: about.Objectives,
		Columns:    about.Columns,
		Scenario:   about.Scenario,
		Set:        about.Set,
	}
	if !reflect.DeepEqual(names(t), paths(file.Schema())) {
		return nil, fmt.Errorf("%w: its columns are not those it describes", errForeign)
	}
	for _, group := range file.RowGroups() {
		if err := readGroup(t, group); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func names(t *sweep.Table) []string {
	list := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		list[i] = c.Name
	}
	return list
}

func paths(s *parquet.Schema) []string {
	var list []string
	for _, path := range s.Columns() {
		list = append(list, path[0])
	}
	return list
}

func readGroup(t *sweep.Table, group parquet.RowGroup) error {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			t.Rows = append(t.Rows, cells(t, row))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func cells(t *sweep.Table, row parquet.Row) []sweep.Cell {
	list := make([]sweep.Cell, len(t.Columns))
	for _, v := range row {
		if v.IsNull() {
			continue
		}
		c := sweep.Cell{Known: true}
		switch t.Columns[v.Column()].Kind {
		case sweep.Whole:
			c.Whole, c.Number = v.Int64(), float64(v.Int64())
		case sweep.Number:
			c.Number = v.Double()
		default:
			c.Text = string(v.ByteArray())
		}
		list[v.Column()] = c
	}
	return list
}
