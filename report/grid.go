package report

import "github.com/jedib0t/go-pretty/v6/table"

// Grid is a table set apart by space alone, without a newline at its end.
// Columns from the one given on (1-based) hold numbers and stand right.
func Grid(header []string, rows [][]string, numbersFrom int) string {
	t := numbers(asRow(header), numbersFrom)
	for _, r := range rows {
		t.AppendRow(asRow(r))
	}
	return t.Render()
}

func asRow(cells []string) table.Row {
	row := make(table.Row, len(cells))
	for i, c := range cells {
		row[i] = c
	}
	return row
}

// Bold sets a text off where the screen can show that.
func (s Style) Bold(t string) string { return s.bold(t) }
