package report

import (
	"fmt"
	"html/template"
	"io"

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
	Figures  []template.HTML

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
	Left, Width, Middle float64
	Words               string
}

// layout is the page. Colours are set on white, so that dark themes and printers
// show the same.
const layout = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title>
<style>
:root { color-scheme: light; }
body { background: #fff; color: #111; font: 15px/1.45 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
.answer { font-size: 1.15em; border-left: 4px solid #2a6; padding-left: .8em; }
table { border-collapse: collapse; width: 100%; font-size: .85em; }
th, td { text-align: left; padding: .25em .5em; border-bottom: 1px solid #ccc; vertical-align: top; }
pre { background: #f5f5f5; padding: .6em; overflow-x: auto; font-size: .8em; white-space: pre-wrap; }
.bar { display: grid; grid-template-columns: 12em 1fr 14em; gap: .6em; align-items: center; margin: .25em 0; }
.track { position: relative; height: 1em; background: #eee; }
.track i { position: absolute; top: .25em; height: .5em; background: #9cb; }
.track b { position: absolute; top: 0; width: 3px; height: 1em; background: #164; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } table, .bar { break-inside: avoid; } }
</style></head><body>
<h1>{{.Title}}</h1>
{{with .Question}}<p>{{.}}</p>{{end}}
<p class="answer">{{.Answer}}</p>
{{if .Scaled}}<h2>Agents, P10 to P90 and median</h2>
{{range .Scaled}}<div class="bar"><span>{{.Name}}</span>
<span class="track"><i style="left:{{.Left}}%;width:{{.Width}}%"></i><b style="left:{{.Middle}}%"></b></span>
<span>{{.Words}}</span></div>
{{end}}{{end}}
{{if .Rows}}<h2>In figures</h2><table><tr>{{range .Header}}<th>{{.}}</th>{{end}}</tr>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>{{end}}
{{range .Figures}}<div>{{.}}</div>{{end}}
{{with .Text}}<pre>{{.}}</pre>{{end}}
<h2>What it rests on</h2><ul>{{range .Rests}}<li>{{.}}</li>{{end}}</ul>
<h2>Inputs</h2>
{{range .Subjects}}<table>
<tr><th>scenario</th><td>{{.Scenario}}</td></tr><tr><th>system</th><td>{{.System}} ({{.Accelerator}})</td></tr>
<tr><th>model</th><td>{{.Model}}</td></tr><tr><th>engine</th><td>{{.Engine}} {{.EngineVersion}}</td></tr>
<tr><th>workload</th><td>{{.Workload}}</td></tr><tr><th>level</th><td>{{.Level}}</td></tr>
{{with .Deployment}}<tr><th>deployment</th><td>{{.Words}}<pre>{{.YAML}}</pre></td></tr>{{end}}
</table>{{end}}
<table><tr><th>overrides</th><td>{{range .Inputs.Overrides}}{{.}}<br>{{else}}none{{end}}</td></tr>
<tr><th>files</th><td>{{range .Inputs.Files}}{{.File}} sha256 {{.SHA256}}<br>
{{else}}none beside what comes with the program{{end}}</td></tr>
<tr><th>agentsim</th><td>{{.Inputs.Version}}</td></tr></table>
</body></html>
`

// Subjects are what the inputs speak of, one or several.
func (p *Page) Subjects() []metrics.Inputs {
	if len(p.Inputs.Scenarios) > 0 {
		return p.Inputs.Scenarios
	}
	if p.Inputs.System == "" {
		return nil
	}
	return []metrics.Inputs{*p.Inputs}
}

// Scaled are the bars in per cent of the widest.
func (p *Page) Scaled() (list []pageBar) {
	most := 0.
	for _, b := range p.Bars {
		most = max(most, b.P90)
	}
	for _, b := range p.Bars {
		const whole = 100
		scale := whole / max(most, 1)
		list = append(list, pageBar{PageBar: b, Left: b.P10 * scale, Width: (b.P90 - b.P10) * scale, Middle: b.P50 * scale,
			Words: fmt.Sprintf("%s (%s to %s)", Count(b.P50), Count(b.P10), Count(b.P90))})
	}
	return list
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	t, err := template.New("page").Parse(layout)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
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
	page := &Page{Title: r.Scenario, Question: r.Question, Text: text,
		Answer: fmt.Sprintf("%s agents on %d accelerators; what stands in the way of more: %s.", Count(float64(c.Agents)),
			c.Accelerators, r.Limit),
		Rests: append([]string{"Simulated; the sample alone leaves " + Count(c.AgentsLow) + " to " + Count(c.AgentsHigh) +
			" agents."}, r.Warnings...)}
	if m := c.ModelInterval; m != nil {
		page.Answer += fmt.Sprintf(" By the errors of the model P10 to P90 is %s to %s.", Count(m.Agents.P10),
			Count(m.Agents.P90))
		page.Bars = []PageBar{{Name: r.Scenario, P10: m.Agents.P10, P50: m.Agents.P50, P90: m.Agents.P90}}
		page.Rests = append(page.Rests, fmt.Sprintf("Errors of step times are those of %d public runs of %s (%s).",
			m.Stack.Rows, m.Stack.Stack, m.Stack.Level))
	}
	return page
}
