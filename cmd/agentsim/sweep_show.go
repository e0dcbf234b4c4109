package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
	"agentsim/metrics"
	"agentsim/report"
)

func (a studyCommands) sweepShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show DIR",
		Short: "Show the best points of a study, its Pareto front and the effect of every axis",
		Long: "show reads the folder that a sweep wrote, or a results.parquet, and prints the best points by the study's\n" +
			"first objective, the points that no other beats in all objectives, and how much each axis bears on it.\n" +
			"--plot draws a heat map of the two strongest axes, lines with intervals, and the front, as PNG and SVG.",
		Example: "  agentsim sweep show hbm\n  agentsim sweep show hbm --metric capacity.agents -o json",
		Args:    exactly(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := results.Read(args[0])
			if err != nil {
				return err
			}
			folder := args[0]
			if filepath.Ext(folder) == ".parquet" {
				folder = filepath.Dir(folder)
			}
			m, err := results.ReadManifest(folder)
			if err != nil {
				return err
			}
			if m != nil && m.Hash != t.Hash { // of another study that lies there
				m = nil
			}
			if metric := a.settings.GetString("metric"); metric != "" {
				first := sweep.Objective{Metric: strings.TrimPrefix(metric, "-")}
				if first.Metric != metric {
					first.Goal = "min"
				}
				t.Objectives = append([]sweep.Objective{first}, t.Objectives...)
			}
			if dir := a.settings.GetString("plot"); dir != "" {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					return err
				}
				if err := drawStudy(dir, t, m); err != nil {
					return err
				}
			}
			return a.showTable(t, m)
		},
	}
	c.Flags().Int("top", topDefault, "how many of the best points to show")
	c.Flags().String("metric", "", "column to judge by first, with - in front if less is better")
	c.Flags().String("plot", "", "draw figures into this folder")
	return c
}

func (a studyCommands) sweepMergeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "merge DIR",
		Short: "Join the results of shards",
		Long: "merge joins the results of all shards below a folder and writes them there, as one run of the whole study\n" +
			"would have; then thresholds are judged. Points that are missing or there twice, and shards of another study,\n" +
			"are errors.",
		Example: "  agentsim sweep merge sharded",
		// Shards come from other machines.
		Annotations: map[string]string{"example": "slow"},
		Args:        exactly(1, "one folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, m, err := results.Merge(args[0])
			if err != nil {
				return err
			}
			if err := results.Write(args[0], t, m); err != nil {
				return err
			}
			if err := a.presentStudy(t, m, args[0]); err != nil {
				return err
			}
			return t.Judge(m.Thresholds)
		},
	}
	c.Flags().Int("top", topDefault, "how many of the best points to show")
	c.Flags().Bool("plot", false, "draw figures into the folder")
	return c
}

// showTable prints what a study found: a summary for people or as JSON, with what
// its points vary where that is known, or all rows as CSV.
func (a studyCommands) showTable(t *sweep.Table, m *results.Manifest) error {
	if a.settings.GetString("output") == "csv" {
		return results.WriteCSV(a.stdout, t)
	}
	s, err := t.Summarise(a.settings.GetInt("top"))
	if err != nil {
		return err
	}
	known := m != nil && m.Inputs != nil
	if a.settings.GetString("output") == "json" {
		if known {
			return report.JSON(a.stdout, report.WithInputs(m.Inputs, s))
		}
		return report.JSON(a.stdout, s)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.Study)
	if s.Question != "" {
		fmt.Fprintf(&b, ": %s", s.Question)
	}
	fmt.Fprintf(&b, "\n%s points", report.Count(float64(s.Points)))
	if s.Infeasible > 0 {
		fmt.Fprintf(&b, ", %s that serve no agent", report.Count(float64(s.Infeasible)))
	}
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %s failed", report.Count(float64(s.Failed)))
	}
	b.WriteString("\n")
	standings(&b, "best"+bracketed(s.Best), s.Best, t)
	if len(s.Objectives) > 1 {
		standings(&b, "not beaten in all objectives", s.Front, t)
	}
	effects(&b, s)
	if known {
		if err := report.Inputs(&b, m.Inputs, a.style()); err != nil {
			return err
		}
	}
	_, err = io.WriteString(a.stdout, b.String())
	return err
}

// bracketed says what stands in brackets.
func bracketed(list []sweep.Standing) string {
	for _, s := range list {
		if slices.ContainsFunc(s.Intervals, func(q *metrics.Quantiles) bool { return q != nil }) {
			return " [P10 to P90 by the errors of the model]"
		}
	}
	return ""
}

// grid is a plain table whose columns from the given one on hold numbers.
func grid(header table.Row, from int) table.Writer {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Options = table.OptionsNoBordersAndSeparators
	w.Style().Box.PaddingLeft, w.Style().Box.PaddingRight = "  ", ""
	w.Style().Format.Header = text.FormatDefault
	w.AppendHeader(header)
	var columns []table.ColumnConfig
	for i := from; i <= len(header); i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	w.SetColumnConfigs(columns)
	return w
}

// standingsMost bounds a list for people; all are in the JSON.
const standingsMost = 20

func standings(b *strings.Builder, title string, list []sweep.Standing, t *sweep.Table) {
	header := table.Row{"point"}
	for _, axis := range t.Axes {
		header = append(header, axis)
	}
	for _, o := range t.Objectives {
		header = append(header, o.Metric)
	}
	w := grid(header, len(t.Axes)+2)
	for i, s := range list {
		if i == standingsMost {
			break
		}
		row := table.Row{s.Points[0]}
		for _, setting := range s.Settings {
			row = append(row, setting)
		}
		for i, score := range s.Scores {
			row = append(row, estimate(score)+modelled(s.Intervals[i]))
		}
		w.AppendRow(row)
	}
	fmt.Fprintf(b, "\n%s\n%s\n", title, w.Render())
	if more := len(list) - standingsMost; more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
}

// modelled is where a score lies by the errors of the model.
func modelled(q *metrics.Quantiles) string {
	if q == nil {
		return ""
	}
	return fmt.Sprintf(" [%s to %s]", report.Significant(q.P10), report.Significant(q.P90))
}

// estimate is a mean, with its interval where there is one.
func estimate(e sweep.Estimate) string {
	if e.Low == e.High {
		return report.Significant(e.Mean)
	}
	return fmt.Sprintf("%s (%s to %s)", report.Significant(e.Mean), report.Significant(e.Low), report.Significant(e.High))
}

func effects(b *strings.Builder, s *sweep.Summary) {
	fmt.Fprintf(b, "\neffect of each axis on %s, the others averaged out\n", s.Objectives[0].Metric)
	w := grid(table.Row{"axis", "explains", "value", "mean", "points"}, 4)
	for _, e := range s.Effects {
		name, share := e.Axis, fmt.Sprintf("%.0f %%", 100*e.Share)
		for _, l := range e.Levels {
			w.AppendRow(table.Row{name, share, l.Value, estimate(l.Estimate), l.N})
			name, share = "", ""
		}
	}
	b.WriteString(w.Render() + "\n")
}
