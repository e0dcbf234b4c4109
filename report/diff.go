package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// Diff writes what is different between two results, for people: what is
// beyond the intervals first.
func Diff(w io.Writer, d *metrics.Diff, style Style) error {
	var b strings.Builder
	if len(d.Inputs) == 0 {
		b.WriteString("inputs: no difference\n")
	} else {
		t := numbers(table.Row{"input", "A", "B"}, 4)
		for _, c := range d.Inputs {
			t.AppendRow(table.Row{c.Path, firstLine(c.A), firstLine(c.B)})
		}
		b.WriteString(style.bold("what changed") + "\n" + t.Render() + "\n")
	}
	if len(d.Answers) == 0 {
		b.WriteString("figures: no difference\n")
	} else {
		t := numbers(table.Row{"figure", "A", "B", "ratio", "beyond the intervals"}, 2)
		t.SetColumnConfigs(alignRight(2, 4))
		rows := slices.Clone(d.Answers)
		slices.SortStableFunc(rows, func(x, y metrics.AnswerChange) int { return rank(x) - rank(y) })
		for _, c := range rows {
			t.AppendRow(table.Row{c.Path, Significant(c.A), Significant(c.B), Significant(c.Ratio), said(c)})
		}
		b.WriteString("\n" + style.bold("what it did") + "\n" + t.Render() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rank(c metrics.AnswerChange) int {
	switch {
	case c.Beyond == nil:
		return 2
	case *c.Beyond:
		return 0
	}
	return 1
}

func said(c metrics.AnswerChange) string {
	switch rank(c) {
	case 0:
		return "yes"
	case 1:
		return "no"
	}
	return ""
}

// firstLine is a text of several lines by its first.
func firstLine(text string) string {
	line, rest, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more {
		return fmt.Sprintf("%s … (%d lines more)", line, strings.Count(rest, "\n")+1)
	}
	return line
}
