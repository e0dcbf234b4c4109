package report

import (
	"html"
	"io"
	"strconv"
	"strings"

	"agentsim/metrics"
)

// The page is written by hand and not by html/template: a template calls
// methods by names that only it knows, so the linker keeps every exported
// method of every type of the program (docs/PERFORMANCE.md, the weight).

// pageHead stands before the title. Colours are set on white, so that dark
// themes and printers show the same.
const pageHead = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
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
</style>
`

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	b := &pageBuilder{}
	b.raw(pageHead)
	b.element("title", p.Title)
	b.raw("</head><body>\n")
	b.element("h1", p.Title)
	if p.Question != "" {
		b.element("p", p.Question)
	}
	b.raw(`<p class="answer">`)
	b.text(p.Answer)
	b.raw("</p>\n")
	b.bars(p.scaled())
	if len(p.Rows) > 0 {
		b.element("h2", "In figures")
		b.table(p.Header, p.Rows)
	}
	for _, figure := range p.Figures {
		b.raw("<div>" + figure + "</div>\n")
	}
	if p.Text != "" {
		b.element("pre", p.Text)
	}
	b.element("h2", "What it rests on")
	b.raw("<ul>")
	for _, rest := range p.Rests {
		b.element("li", rest)
	}
	b.raw("</ul>\n")
	b.inputs(p.Inputs)
	b.raw("</body></html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// pageBuilder collects HTML. What comes from files and flags goes through text,
// which escapes it.
type pageBuilder struct{ strings.Builder }

func (b *pageBuilder) raw(text string) { b.WriteString(text) }

func (b *pageBuilder) text(text string) { b.WriteString(html.EscapeString(text)) }

func (b *pageBuilder) element(name, text string) {
	b.raw("<" + name + ">")
	b.text(text)
	b.raw("</" + name + ">\n")
}

func (b *pageBuilder) bars(list []pageBar) {
	if len(list) == 0 {
		return
	}
	b.element("h2", "Agents, P10 to P90 and median")
	percent := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) + "%" }
	for _, bar := range list {
		b.raw(`<div class="bar">`)
		b.element("span", bar.Name)
		b.raw(`<span class="track"><i style="left:` + percent(bar.left) + ";width:" + percent(bar.width) +
			`"></i><b style="left:` + percent(bar.middle) + `"></b></span>` + "\n")
		b.element("span", bar.words)
		b.raw("</div>\n")
	}
}

func (b *pageBuilder) table(header []string, rows [][]string) {
	b.raw("<table><tr>")
	for _, cell := range header {
		b.element("th", cell)
	}
	for _, row := range rows {
		b.raw("</tr>\n<tr>")
		for _, cell := range row {
			b.element("td", cell)
		}
	}
	b.raw("</tr></table>\n")
}

// inputs lists what the answer was computed from: a table for every scenario,
// then the overrides, the files and the program.
func (b *pageBuilder) inputs(all *metrics.Inputs) {
	b.element("h2", "Inputs")
	for _, one := range subjects(all) {
		b.table(nil, [][]string{
			{"scenario", one.Scenario},
			{"system", one.System + " (" + one.Accelerator + ")"},
			{"model", one.Model},
			{"engine", one.Engine + " " + one.EngineVersion},
			{"workload", one.Workload},
			{"level", one.Level},
		})
		if one.Deployment != nil {
			b.element("p", "deployment: "+one.Deployment.Words)
			b.element("pre", one.Deployment.YAML)
		}
	}
	b.lines("Overrides", all.Overrides, "none")
	var files []string
	for _, f := range all.Files {
		files = append(files, f.File+" sha256 "+f.SHA256)
	}
	b.lines("Files", files, "none beside what comes with the program")
	b.lines("Program", []string{"agentsim " + all.Version}, "")
}

// lines is a list under a heading, or what is said where it is empty.
func (b *pageBuilder) lines(heading string, list []string, empty string) {
	b.element("h3", heading)
	if len(list) == 0 {
		list = []string{empty}
	}
	for _, line := range list {
		b.element("p", line)
	}
}

// subjects are the scenarios that the inputs speak of: one, several or none.
func subjects(all *metrics.Inputs) []metrics.Inputs {
	if len(all.Scenarios) > 0 {
		return all.Scenarios
	}
	if all.System == "" {
		return nil
	}
	return []metrics.Inputs{*all}
}
