package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// Plan writes a plan for people.
func Plan(w io.Writer, p *metrics.Plan, style Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", style.bold("agents within "+budgetInWords(&p.Budget)+", estimated"))
	t := numbers(table.Row{"system", "units", "spare", "accelerators", "agents", "P10 to P90", "MW", "headroom", "engine",
		"deployment", "limit"}, 2)
	t.SetColumnConfigs(alignRight(2, 8))
	for _, o := range p.Options {
		t.AppendRow(table.Row{o.System, Count(float64(o.Units)), o.SpareUnits, Count(float64(o.Accelerators)),
			style.bold(Count(o.Agents.P50)), Count(o.Agents.P10) + " to " + Count(o.Agents.P90), Significant(o.MW),
			fmt.Sprintf("%.1f %%", 100*o.Headroom), o.Engine, o.Deployment, o.Limit})
	}
	b.WriteString(t.Render() + "\n")
	for _, o := range p.Options {
		for _, c := range o.Classes {
			fmt.Fprintf(&b, "%s: %g %% of agents are of %s: %d units for %s (%s to %s), %s MW, %s %s\n", o.System, 100*c.Share,
				c.Scenario, c.Units, Count(c.Agents.P50), Count(c.Agents.P10), Count(c.Agents.P90), Significant(c.MW), c.Engine,
				c.Deployment)
		}
	}
	for _, l := range p.LeftOut {
		fmt.Fprintf(&b, "left out: %s: %s\n", l.System, firstLine(l.Why))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func budgetInWords(b *metrics.PlanBudget) string {
	switch {
	case b.Racks > 0:
		return fmt.Sprintf("%d units", b.Racks)
	case b.Money > 0:
		return Significant(b.Money) + " an hour"
	}
	return fmt.Sprintf("%s MW (%s)", Significant(b.MW), b.Boundary)
}

// PlanCSV writes one row an option.
func PlanCSV(w io.Writer, p *metrics.Plan) error {
	rows := [][]string{{"system", "engine", "units", "spare_units", "accelerators", "agents_p10", "agents_p50",
		"agents_p90", "mw", "headroom", "deployment", "limit"}}
	for _, o := range p.Options {
		rows = append(rows, []string{o.System, o.Engine, fmt.Sprint(o.Units), fmt.Sprint(o.SpareUnits),
			fmt.Sprint(o.Accelerators), fmt.Sprint(o.Agents.P10), fmt.Sprint(o.Agents.P50), fmt.Sprint(o.Agents.P90),
			fmt.Sprint(o.MW), fmt.Sprint(o.Headroom), o.Deployment, o.Limit})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
