package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/report"
)

// dayCommands simulate days.
type dayCommands struct{ *app }

const dayHelp = `day simulates a day: agents come and go by the scenario's day.agents (a curve) or day.trace (the times
of a trace's sessions), and day.failures take accelerators, nodes or racks out of service until they are repaired. A
worker that holds a broken accelerator stops whole. Its caches are lost; its sessions go on elsewhere, or wait where
there is nowhere else, and calls that it had are sent again. Printed are service, power and the level over the day, the
energy of the day, and how long after a failure the level holds again.

The day is sampled: a window stands for the hour around it (day.every, day.window), and failures and repairs are
simulated from two minutes before to ten minutes after.`

func (a dayCommands) dayCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "day SCENARIO",
		Short: "Simulate a day: agents that come and go, failures and repairs, energy",
		Long:  dayHelp,
		Example: "  agentsim day h200-agentperf-slo20 --agents 8 --set day.length=2h\n" +
			"  agentsim day gb300-hall-1mw --agents 5000 --fail node:3@14h+2h \\\n" +
			"    --set 'day.agents=[{at: 0h, share: 0.2}, {at: 9h, share: 1}, {at: 17h, share: 1}, {at: 23h, share: 0.2}]'",
		Annotations: map[string]string{"example": "slow"},
		Args:        exactly(1, "one scenario"),
		RunE:        a.day,
	}
	c.Flags().Int("agents", 0, "the most agents of the day")
	c.Flags().StringArray("fail", nil, "what fails, and when: KIND[:NUMBER]@AT+REPAIR, as rack:0@14h+2h; repeatable")
	c.Flags().String("report", "", "write the answer with figures and inputs as one page of HTML")
	c.Flags().String("plot", "", "draw agents, power and service over the day into this directory")
	return c
}

func (a dayCommands) day(cmd *cobra.Command, args []string) error {
	agents := a.settings.GetInt("agents")
	if agents < 1 {
		return usageError{fmt.Errorf("--agents %d: want the most agents of the day, 1 or more", agents)}
	}
	failures, err := failureSets(a.settings.GetStringSlice("fail"))
	if err != nil {
		return usageError{err}
	}
	a.settings.Set("set", append(a.settings.GetStringSlice("set"), failures...))
	s, _, err := a.load(args[0])
	if err != nil {
		return err
	}
	r, err := experiment.Day(cmd.Context(), s, agents, a.options())
	a.endProgress()
	if err != nil {
		return err
	}
	if dir := a.settings.GetString("plot"); dir != "" {
		err := a.figures(dir, func() ([]string, error) { return report.DayFigures(dir, r) })
		if err != nil {
			return err
		}
	}
	if file := a.settings.GetString("report"); file != "" {
		page := report.DayPage(r)
		if page.Figures, err = pictures(func(dir string) ([]string, error) { return report.DayFigures(dir, r) }); err != nil {
			return err
		}
		if err := a.page(file, page); err != nil {
			return err
		}
	}
	return a.showDay(r)
}

func (a dayCommands) showDay(r *metrics.Day) error {
	return writeResult(a.app, r, report.Day, report.DayCSV)
}

// failureSets are the overrides that short forms of failures stand for.
func failureSets(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var all []string
	for _, text := range list {
		what, when, ok := strings.Cut(text, "@")
		at, repair, both := strings.Cut(when, "+")
		of, number, numbered := strings.Cut(what, ":")
		if !numbered {
			number = "0"
		}
		if _, err := strconv.Atoi(number); err != nil || !ok || !both {
			return nil, fmt.Errorf("--fail %s: want KIND[:NUMBER]@AT+REPAIR, such as rack:0@14h+2h", text)
		}
		all = append(all, fmt.Sprintf("{of: %s, number: %s, at: %s, repair: %s}", strconv.Quote(of), number, clockTime(at),
			clockTime(repair)))
	}
	return []string{"day.failures=[" + strings.Join(all, ", ") + "]"}, nil
}

// clockTime is a time as fields of a scenario take it: 30m and 2h30m, as people
// write them, are no units there.
func clockTime(text string) string {
	if d, err := time.ParseDuration(text); err == nil {
		text = fmt.Sprintf("%gs", d.Seconds())
	}
	return strconv.Quote(text)
}
