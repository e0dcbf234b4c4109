//go:build !js || readers

package ask

import (
	"encoding/json"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
)

// TableQuestion asks for the results of a study.
type TableQuestion struct {
	Path string `json:"path" maxLength:"1000" doc:"a results.parquet"`
}

// Table is the results of a study, one row a point.
type Table struct {
	Study      string            `json:"study"`
	Question   string            `json:"question,omitempty"`
	Version    string            `json:"version"`
	Scenario   string            `json:"scenario,omitempty" doc:"that the points vary"`
	Set        []string          `json:"set,omitempty" doc:"what is set in all points, path=value"`
	Axes       []string          `json:"axes"`
	Objectives []sweep.Objective `json:"objectives"`
	Columns    []TableColumn     `json:"columns"`
	Rows       [][]any           `json:"rows" doc:"numbers and texts, null where there is none"`
}

// TableColumn is one column of a table.
type TableColumn struct {
	Name string `json:"name"`
	Kind string `json:"kind" enum:"whole,number,text"`
	Unit string `json:"unit,omitempty"`
}

// Table reads the results of a study from its Parquet file.
func (d *Desk) Table(q *TableQuestion) (*Table, error) {
	if d.Allow == nil {
		return nil, fmt.Errorf("%s: files are not read here", shown(q.Path))
	}
	if err := d.Allow(q.Path); err != nil {
		return nil, fmt.Errorf("%s: %w", shown(q.Path), err)
	}
	content, err := configs.ReadFile(q.Path)
	if err != nil {
		return nil, err
	}
	return TableOf(content)
}

// TableOf reads a Parquet file of results.
func TableOf(parquet []byte) (*Table, error) {
	t, err := results.ReadParquet(parquet)
	if err != nil {
		return nil, err
	}
	return tabulated(t), nil
}

func tabulated(t *sweep.Table) *Table {
	out := &Table{
		Study:      t.Study,
		Question:   t.Question,
		Version:    t.Version,
		Axes:       t.Axes,
		Objectives: t.Objectives,
		Scenario:   t.Scenario,
		Set:        t.Set,
		Columns:    []TableColumn{},
		Rows:       [][]any{},
	}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, TableColumn{Name: c.Name, Kind: string(c.Kind), Unit: c.Unit})
	}
	for _, row := range t.Rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			switch {
			case !cell.Known:
			case t.Columns[i].Kind == sweep.Text:
				cells[i] = cell.Text
			default:
				cells[i] = json.RawMessage(t.Columns[i].Plain(cell))
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}
