package validate

import (
	"fmt"
	"strings"

	"agentsim/configs"
)

// The bases of what is fitted, as presets write them.
const (
	fittedBasis    = "fitted"
	publishedBasis = "published"
)

// YAML writes an accuracy as a preset. Command is what makes it again.
func YAML(a *configs.Accuracy, command string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# How far predictions of public serving runs are off, by stack: logarithms of predicted\n"+
		"# over measured (of prefix hits the difference), with kernels.efficiency in force. Written\n"+
		"# by %s; run it again rather than change it.\n", command)
	fmt.Fprintf(&b, "name: %s\ndate: %q\n", a.Name, a.Date)
	fmt.Fprintf(&b, "early: {days: %g, slower: %g, worst: %g}\n", a.Early.Days, a.Early.Slower, a.Early.Worst)
	b.WriteString("first:\n")
	for _, f := range a.First {
		fmt.Fprintf(&b, "  - {of: %q, date: %q}\n", f.Of, f.Date)
	}
	b.WriteString("quantities:\n")
	for i := range a.Quantities {
		q := &a.Quantities[i]
		var levels []string
		for _, v := range q.Levels {
			levels = append(levels, fmt.Sprintf("%g", v))
		}
		fmt.Fprintf(&b, "  - of: %s\n    rows: %d\n    centre: %g\n    error: %g\n    levels: [%s]  # %s\n    within: %g\n"+
			"    seen: %g\n    unseen: %g\n    nodes:\n", q.Of, q.Rows, q.Centre, q.Error, strings.Join(levels, ", "),
			strings.Join(configs.StackLevels(), ", "), q.Within, q.Seen, q.Unseen)
		for _, n := range q.Nodes {
			fmt.Fprintf(&b, "      - {stack: %s, rows: %d, centre: %g, error: %g", n.Stack, n.Rows, n.Centre, n.Error)
			if n.Within > 0 {
				fmt.Fprintf(&b, ", within: %g", n.Within)
			}
			b.WriteString("}\n")
		}
	}
	b.WriteString("sources:\n")
	for _, of := range []string{"quantities", "early", "first"} {
		s := a.Sources[of]
		fmt.Fprintf(&b, "  %s: {basis: %s, source: %q", of, s.Basis, s.Source)
		if s.Points > 0 {
			fmt.Fprintf(&b, ", mape: %g, points: %d", digits(s.MAPE), s.Points)
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}
