package results

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"

	"agentsim/experiment/sweep"
)

// WriteCSV writes a table with a header; where there is no value, nothing.
func WriteCSV(w io.Writer, t *sweep.Table) error {
	c := csv.NewWriter(w)
	if err := c.Write(names(t)); err != nil {
		return err
	}
	record := make([]string, len(t.Columns))
	for _, r := range t.Rows {
		for i, cell := range r {
			record[i] = t.Columns[i].Plain(cell)
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// WriteJSONL writes a table as one JSON object a line, its keys in the order of
// the columns; where there is no value, no key.
func WriteJSONL(w io.Writer, t *sweep.Table) error {
	b := bufio.NewWriter(w)
	keys := make([][]byte, len(t.Columns))
	for i, c := range t.Columns {
		keys[i], _ = json.Marshal(c.Name)
	}
	for _, r := range t.Rows {
		separator := "{"
		for i, cell := range r {
			if !cell.Known {
				continue
			}
			text := []byte(t.Columns[i].Plain(cell))
			if t.Columns[i].Kind == sweep.Text {
				text, _ = json.Marshal(cell.Text)
			}
			b.WriteString(separator)
			b.Write(keys[i])
			b.WriteByte(':')
			b.Write(text)
			separator = ","
		}
		b.WriteString("}\n")
	}
	return b.Flush()
}
