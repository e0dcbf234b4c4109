package report

import (
	"fmt"

	"agentsim/metrics"
)

// Page is an answer as one page of HTML that needs nothing else: no script, no
// style and no picture from elsewhere.
type Page struct {
	Title    string
	Question string
	Answer   string
	Bars     []PageBar
	Header   []string
	Rows     [][]string
	Text     string   // as the terminal shows it
	Rests    []string // what the answer rests on, a sentence each
	Figures  []string // SVG elements of our own drawing; they are written as they are

	Inputs *metrics.Inputs
}

// PageBar is a number with its interval, as a bar.
type PageBar struct {
	Name          string
	P10, P50, P90 float64
}

// pageBar is a bar in per cent of the widest.
type pageBar struct {
	PageBar
	left, width, middle float64
	words               string
}

// scaled are the bars in per cent of the widest.
func (p *Page) scaled() (list []pageBar) {
	most := 0.
	for _, b := range p.Bars {
		most = max(most, b.P90)
	}
	for _, b := range p.Bars {
		const whole = 100
		scale := whole / max(most, 1)
		list = append(list, pageBar{
			PageBar: b,
			left:    b.P10 * scale,
			width:   (b.P90 - b.P10) * scale,
			middle:  b.P50 * scale,
			words:   fmt.Sprintf("%s (%s to %s)", Count(b.P50), Count(b.P10), Count(b.P90)),
		})
	}
	return list
}

// PlanPage is the page of a plan.
func PlanPage(p *metrics.Plan) *Page {
	best := p.Options[0]
	page := &Page{
		Title:    "Agents within " + budgetInWords(&p.Budget),
		Question: "Which systems, and how many of them, serve the most agents within " + budgetInWords(&p.Budget) + "?",
		Answer: fmt.Sprintf("%s: %d units (%d spare), %s accelerators, hold %s agents (P10 to P90: %s to %s) and draw %s MW.",
			best.System, best.Units, best.SpareUnits, Count(float64(best.Accelerators)), Count(best.Agents.P50),
			Count(best.Agents.P10), Count(best.Agents.P90), Significant(best.MW)),
		Header: []string{"system", "engine", "units", "spare", "accelerators", "agents", "MW", "headroom",
			"share of time below", "deployment", "limit"},
		Rests: []string{
			"Estimated by the analytic model of the closed loop; nothing is simulated. agentsim capacity simulates.",
			"The interval is over what the presets do not know of hardware, kernels and workload, and the errors of whole " +
				"runs; agentsim explain says what each number rests on.",
			"Power is as drawn while serving, not the nameplate.",
		},
	}
	for _, o := range p.Options {
		page.Bars = append(page.Bars, PageBar{Name: o.System, P10: o.Agents.P10, P50: o.Agents.P50, P90: o.Agents.P90})
		page.Rows = append(page.Rows, []string{o.System, o.Engine, fmt.Sprint(o.Units), fmt.Sprint(o.SpareUnits),
			Count(float64(o.Accelerators)), fmt.Sprintf("%s (%s to %s)", Count(o.Agents.P50), Count(o.Agents.P10),
				Count(o.Agents.P90)), Significant(o.MW), fmt.Sprintf("%.1f %%", 100*o.Headroom), Significant(o.ShareBelow),
			o.Deployment, o.Limit})
		for _, c := range o.Classes {
			page.Rows = append(page.Rows, []string{"- " + c.Scenario, c.Engine, fmt.Sprint(c.Units), "", "",
				fmt.Sprintf("%s (%s to %s), %g %% of all", Count(c.Agents.P50), Count(c.Agents.P10), Count(c.Agents.P90),
					100*c.Share), Significant(c.MW), "", "", c.Deployment, c.Limit})
		}
	}
	for _, l := range p.LeftOut {
		page.Rests = append(page.Rests, "Left out: "+l.System+": "+firstLine(l.Why))
	}
	return page
}

// AnswerPage is the page of a capacity.
func AnswerPage(r *metrics.Result, text string) *Page {
	c := r.Capacity
	page := &Page{
		Title:    r.Scenario,
		Question: r.Question,
		Text:     text,
		Answer: fmt.Sprintf("%s agents on %d accelerators; what stands in the way of more: %s.", Count(float64(c.Agents)),
			c.Accelerators, r.Limit),
		Rests: append([]string{"Simulated; the sample alone leaves " + Count(c.AgentsLow) + " to " + Count(c.AgentsHigh) +
			" agents."}, r.Warnings...),
	}
	if m := c.ModelInterval; m != nil {
		page.Answer += fmt.Sprintf(" By the errors of the model P10 to P90 is %s to %s.", Count(m.Agents.P10),
			Count(m.Agents.P90))
		page.Bars = []PageBar{{Name: r.Scenario, P10: m.Agents.P10, P50: m.Agents.P50, P90: m.Agents.P90}}
		page.Rests = append(page.Rests, fmt.Sprintf("Errors of step times are those of %d public runs of %s (%s).",
			m.Stack.Rows, m.Stack.Stack, m.Stack.Level))
	}
	return page
}
