package report

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Plain writes a table of words and numbers under a title.
func Plain(b *strings.Builder, title string, header []string, rows [][]string) {
	head := table.Row{}
	for _, cell := range header {
		head = append(head, cell)
	}
	t := numbers(head, len(head)+1) // words to the left
	for _, cells := range rows {
		row := table.Row{}
		for _, cell := range cells {
			row = append(row, cell)
		}
		t.AppendRow(row)
	}
	b.WriteString(title + "\n" + t.Render() + "\n")
}
