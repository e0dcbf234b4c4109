package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

const (
	hourSeconds = 3600
	kiloWatts   = 1e3
)

// Day writes a day for people.
func Day(w io.Writer, d *metrics.Day, style Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", style.bold(fmt.Sprintf("%s: a day of up to %s agents", d.Scenario, Count(float64(d.Agents)))))
	t := numbers(table.Row{"time", "agents", "level", "speed P25", "TTFT P95", "turns/s", "kW", "down", "lost calls"}, 2)
	for i := 0; i < len(d.Times); {
		to := i + 1
		for to < len(d.Times) && alike(&d.Times[i], &d.Times[to]) {
			to++
		}
		first, last := &d.Times[i], &d.Times[to-1]
		lost := int64(0)
		for k := i; k < to; k++ {
			lost += d.Times[k].Lost
		}
		t.AppendRow(table.Row{clock(first.FromS) + " to " + clock(last.ToS), Count(float64(last.Agents)), holds(last.Holds),
			orNone(last.SpeedP25, "tok/s"), orNone(last.TTFTP95S, "s"), Significant(last.TurnsPerS),
			Significant(last.FacilityW / kiloWatts), last.Down, lost})
		i = to
	}
	b.WriteString(t.Render() + "\n")
	fmt.Fprintf(&b, "the level holds %.1f %% of the day; peak %s agents at %s kW, trough %s at %s kW with the building\n",
		100*d.ShareHeld, Count(float64(d.Peak.Agents)), Significant(d.Peak.FacilityW/kiloWatts),
		Count(float64(d.Trough.Agents)), Significant(d.Trough.FacilityW/kiloWatts))
	fmt.Fprintf(&b, "energy: %s kWh of accelerators, %s at the wall, %s with the building; %s Wh an agent-hour; "+
		"%s turns\n", Significant(d.Energy.AcceleratorKWh), Significant(d.Energy.ITKWh), Significant(d.Energy.FacilityKWh),
		Significant(d.Energy.PerAgentHourWh), Count(d.Turns))
	if d.Cost != nil {
		fmt.Fprintf(&b, "cost of the day: %s %s, %s an agent-hour\n", Significant(d.Cost.Day), d.Cost.Currency,
			Significant(d.Cost.PerAgentHour))
	}
	for i := range d.Failures {
		b.WriteString(failureInWords(&d.Failures[i]) + "\n")
	}
	for _, note := range d.Warnings {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// alike says whether two spans are one line: short ones of the same event, with
// the same said of level and accelerators.
func alike(a, b *metrics.DayTime) bool {
	const short = 60
	return a.ToS-a.FromS <= short && b.ToS-b.FromS <= short && a.Holds == b.Holds && a.Down == b.Down
}

func failureInWords(f *metrics.DayLoss) string {
	text := fmt.Sprintf("%s %d fails at %s for %s: %d accelerators stop, %s calls are lost and sent again; ", f.Of,
		f.Number, clock(f.AtS), span(f.RepairS), f.Down, Count(float64(f.Lost)))
	switch {
	case !f.Broke:
		return text + "the level holds all the same"
	case f.AgainS == nil:
		return text + "the level does not hold again on that day"
	}
	return text + "the level holds again after " + span(*f.AgainS)
}

func holds(yes bool) string {
	if yes {
		return "holds"
	}
	return "broken"
}

func orNone(v *float64, unit string) string {
	if v == nil {
		return "-"
	}
	return Significant(*v) + " " + unit
}

// clock is a time of the day.
func clock(seconds float64) string {
	s := int(math.Round(seconds))
	text := fmt.Sprintf("%02d:%02d", s/hourSeconds, s/60%60)
	if s%60 != 0 {
		text += fmt.Sprintf(":%02d", s%60)
	}
	return text
}

func span(seconds float64) string {
	return (time.Duration(seconds * float64(time.Second))).Round(time.Second).String()
}

// DayCSV writes one row a span.
func DayCSV(w io.Writer, d *metrics.Day) error {
	rows := [][]string{{"from_s", "to_s", "agents", "holds", "output_speed_p25", "ttft_p95_s", "turns_per_s",
		"accelerators_down", "calls_lost", "accelerator_w", "it_w", "facility_w"}}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(*v)
	}
	for i := range d.Times {
		t := &d.Times[i]
		rows = append(rows, []string{fmt.Sprint(t.FromS), fmt.Sprint(t.ToS), fmt.Sprint(t.Agents), fmt.Sprint(t.Holds),
			number(t.SpeedP25), number(t.TTFTP95S), fmt.Sprint(t.TurnsPerS), fmt.Sprint(t.Down), fmt.Sprint(t.Lost),
			fmt.Sprint(t.AcceleratorW), fmt.Sprint(t.ITW), fmt.Sprint(t.FacilityW)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// DayFigures draws agents, power and the wait for first tokens over the day.
func DayFigures(dir string, d *metrics.Day) ([]string, error) {
	curve := func(name string, of func(t *metrics.DayTime) *float64) Line {
		l := Line{Name: name}
		for i := range d.Times {
			const middle = 2
			t := &d.Times[i]
			if v := of(t); v != nil {
				l.X, l.Y = append(l.X, (t.FromS+t.ToS)/middle/hourSeconds), append(l.Y, *v)
			}
		}
		return l
	}
	figures := map[string]Lines{
		"day-agents": {Y: "agents", Lines: []Line{curve("", func(t *metrics.DayTime) *float64 {
			n := float64(t.Agents)
			return &n
		})}},
		"day-power": {Y: "kW", Lines: []Line{
			curve("accelerators", func(t *metrics.DayTime) *float64 { kw := t.AcceleratorW / kiloWatts; return &kw }),
			curve("at the wall", func(t *metrics.DayTime) *float64 { kw := t.ITW / kiloWatts; return &kw }),
			curve("with the building", func(t *metrics.DayTime) *float64 { kw := t.FacilityW / kiloWatts; return &kw }),
		}},
		"day-ttft": {Y: "time to first token, P95, s", Lines: []Line{
			curve("", func(t *metrics.DayTime) *float64 { return t.TTFTP95S })}},
	}
	var files []string
	for _, name := range []string{"day-agents", "day-power", "day-ttft"} {
		f := figures[name]
		f.Title, f.X = d.Scenario, "hours"
		drawn, err := f.Draw(dir, name)
		if err != nil {
			return nil, err
		}
		files = append(files, drawn...)
	}
	return files, nil
}

// DayPage is the page of a day.
func DayPage(d *metrics.Day) *Page {
	var text strings.Builder
	_ = Day(&text, d, Style{}) // a builder takes everything
	page := &Page{
		Title:    d.Scenario + ": a day of up to " + Count(float64(d.Agents)) + " agents",
		Question: d.Question,
		Answer: fmt.Sprintf("The level holds %.1f %% of the day, which takes %s kWh with the building, %s Wh an agent-hour.",
			100*d.ShareHeld, Significant(d.Energy.FacilityKWh), Significant(d.Energy.PerAgentHourWh)),
		Text: text.String(),
		Rests: append([]string{"Windows of the day are simulated and stand for the time around them; failures and repairs " +
			"are simulated from two minutes before to ten minutes after."}, d.Warnings...),
	}
	for i := range d.Failures {
		page.Answer += " " + strings.ToUpper(failureInWords(&d.Failures[i])[:1]) + failureInWords(&d.Failures[i])[1:] + "."
	}
	return page
}
