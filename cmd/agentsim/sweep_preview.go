package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/experiment/sweep"
	"agentsim/report"
)

// previewedMost is how many points a dry run looks at; of more, it takes these
// evenly.
const previewedMost = 2000

// previewStudy prints the points of a study, those that are impossible, and
// about how long all will take.
func (a studyCommands) previewStudy(name string) error {
	source, err := a.studySource(name)
	if err != nil {
		return err
	}
	plan, err := sweep.NewPlan(*source)
	if err != nil {
		return err
	}
	index, count, err := a.shard()
	if err != nil {
		return err
	}
	evaluator := sweep.NewEvaluator(plan, version())
	var points []int
	for point := index; point < plan.Len(); point += max(1, count) {
		points = append(points, point)
	}
	looked := sample(points, previewedMost)
	list := make([]sweep.Preview, len(looked))
	for i, point := range looked {
		list[i] = evaluator.Preview(point)
	}
	switch a.settings.GetString("output") {
	case "json":
		return report.JSON(a.stdout, previewRows(list))
	case "csv":
		return previewCSV(a.stdout, plan, list)
	}
	return a.previewTable(plan, len(points), list)
}

// sample takes at most so many, evenly.
func sample(points []int, most int) []int {
	if len(points) <= most {
		return points
	}
	list := make([]int, most)
	for i := range list {
		list[i] = points[i*len(points)/most]
	}
	return list
}

// previewRow is a point as scripts read it.
type previewRow struct {
	Point    int               `json:"point"`
	Seed     uint64            `json:"seed"`
	Settings map[string]string `json:"settings"`
	Status   string            `json:"status"`
	Reason   string            `json:"reason,omitempty"`
	Agents   int               `json:"agents_estimated,omitempty"`
	Seconds  float64           `json:"seconds_estimated"` // of one processor
}

// What can be said of a point in advance.
const (
	possible   = "possible"
	infeasible = "infeasible" // serves no agent
	impossible = "impossible" // contradicts itself
)

func previewRows(list []sweep.Preview) []previewRow {
	rows := make([]previewRow, len(list))
	for i, p := range list {
		rows[i] = previewRow{p.Number, p.Seed, map[string]string{}, possible, p.Error + p.Verdict, p.Agents,
			p.Duration.Seconds()}
		for _, s := range p.Settings {
			rows[i].Settings[s.Path] = s.Text
		}
		switch {
		case p.Error != "":
			rows[i].Status = impossible
		case p.Verdict != "":
			rows[i].Status = infeasible
		}
	}
	return rows
}

func previewCSV(w io.Writer, plan *sweep.Plan, list []sweep.Preview) error {
	c := csv.NewWriter(w)
	header := []string{"point", "seed", "status", "reason", "agents_estimated", "seconds_estimated"}
	if err := c.Write(append(header, plan.Axes()...)); err != nil {
		return err
	}
	for _, r := range previewRows(list) {
		record := []string{fmt.Sprint(r.Point), fmt.Sprint(r.Seed), r.Status, r.Reason, fmt.Sprint(r.Agents),
			fmt.Sprint(r.Seconds)}
		for _, axis := range plan.Axes() {
			record = append(record, r.Settings[axis])
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (a studyCommands) previewTable(plan *sweep.Plan, points int, list []sweep.Preview) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s points", plan.Study.Name, report.Count(float64(points)))
	if n := len(plan.Seeds()); n > 1 {
		fmt.Fprintf(&b, ", %d seeds each", n)
	}
	if plan.Dropped() > 0 {
		fmt.Fprintf(&b, "; constraints drop %s combinations", report.Count(float64(plan.Dropped())))
	}
	if len(list) < points {
		fmt.Fprintf(&b, "; %s of them were looked at", report.Count(float64(len(list))))
	}
	rows := previewRows(list)
	fmt.Fprintf(&b, "\n\n%s\n\n", previewGrid(plan, rows))
	previewProblems(&b, rows)
	total := 0.0
	for _, r := range rows {
		total += r.Seconds
	}
	all := time.Duration(total / float64(len(rows)) * float64(points) * float64(time.Second))
	workers := max(1, a.settings.GetInt("workers"))
	fmt.Fprintf(&b, "about %s of one processor, %s with %d workers, give or take a factor of two; nothing was evaluated\n",
		roughly(all), roughly(all/time.Duration(workers)), workers)
	_, err := io.WriteString(a.stdout, b.String())
	return err
}

// previewGrid shows the first points.
func previewGrid(plan *sweep.Plan, rows []previewRow) string {
	header := table.Row{"point", "seed"}
	for _, axis := range plan.Axes() {
		header = append(header, axis)
	}
	header = append(header, "agents, estimated")
	w := grid(header, len(header))
	const most = 100
	for i, r := range rows {
		if i == most {
			w.AppendRow(table.Row{"…"})
			break
		}
		row := table.Row{r.Point, r.Seed}
		for _, axis := range plan.Axes() {
			row = append(row, r.Settings[axis])
		}
		switch {
		case r.Status != possible:
			row = append(row, r.Status)
		case r.Agents > 0:
			row = append(row, report.Count(float64(r.Agents)))
		}
		w.AppendRow(row)
	}
	return w.Render()
}

// previewProblems lists the points that are impossible or serve no agent, by
// the reason.
func previewProblems(b *strings.Builder, rows []previewRow) {
	var reasons []string
	points := map[string][]string{}
	for _, r := range rows {
		if r.Status == possible {
			continue
		}
		reason := r.Status + ": " + r.Reason
		if points[reason] == nil {
			reasons = append(reasons, reason)
		}
		points[reason] = append(points[reason], fmt.Sprint(r.Point))
	}
	const reasonsMost, pointsMost = 20, 10
	for i, reason := range reasons {
		if i == reasonsMost {
			fmt.Fprintf(b, "and %d reasons more; all are in -o json\n", len(reasons)-i)
			break
		}
		list, more := points[reason], ""
		if n := len(list) - pointsMost; n > 0 {
			list, more = list[:pointsMost], fmt.Sprintf(" and %d more", n)
		}
		fmt.Fprintf(b, "%s: point %s%s\n", reason, strings.Join(list, ", "), more)
	}
	if len(reasons) > 0 {
		b.WriteString("\n")
	}
}

// roughly rounds a time to what an estimate can say.
func roughly(d time.Duration) time.Duration {
	switch {
	case d > time.Hour:
		return d.Round(10 * time.Minute)
	case d > time.Minute:
		return d.Round(10 * time.Second)
	case d > time.Second:
		return d.Round(time.Second)
	}
	return d.Round(100 * time.Millisecond)
}
