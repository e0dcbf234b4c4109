package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
	"agentsim/report"
	"agentsim/scenarios"
	"agentsim/serve"
)

// load reads the scenario that a command names, with all overrides.
func (a *app) load(name string) (*configs.Scenario, *configs.Provenance, error) {
	s, p, err := configs.LoadScenario(a.source(name), a.sets())
	if err != nil {
		return nil, nil, err
	}
	a.note(s, p)
	return s, p, nil
}

// note makes a scenario one that the result is about. What its author says of
// the question and the answer is left out where something was overridden.
func (a *app) note(s *configs.Scenario, p *configs.Provenance) {
	if a.asksElse() {
		s.Question, s.Answer, s.Because = "", "", ""
	}
	a.about.scenarios = append(a.about.scenarios, subject{Scenario: s, sets: a.sets(), defaults: p.Filled()})
}

func (a *app) source(name string) configs.Source {
	return configs.Source{Name: name, FS: scenarios.FS, ReadFile: a.readFile}
}

// sets are the overrides of the command line.
func (a *app) sets() []string {
	sets := a.settings.GetStringSlice("set")
	if seed := a.settings.GetUint64("seed"); seed != 0 {
		sets = append(sets, fmt.Sprintf("seed=%d", seed))
	}
	return sets
}

func (a *app) options() experiment.Options {
	o := experiment.Options{Version: version(), Clock: a.now}
	if !a.settings.GetBool("quiet") && a.terminal(stderrFD) {
		o.Progress = a.progress
	}
	return o
}

// progress shows the search on one line of a terminal.
func (a *app) progress(agents int, pass bool, low, high int) {
	verdict := "fails"
	if pass {
		verdict = "passes"
	}
	bracket := fmt.Sprintf("at least %s", report.Count(float64(low)))
	if high > 0 {
		bracket = fmt.Sprintf("between %s and %s", report.Count(float64(low)), report.Count(float64(high)))
	}
	const eraseLine = "\r\x1b[K"
	fmt.Fprintf(a.stderr, "%s%s agents: %s; the answer is %s", eraseLine, report.Count(float64(agents)), verdict, bracket)
}

func (a *app) endProgress() {
	if !a.settings.GetBool("quiet") && a.terminal(stderrFD) {
		const eraseLine = "\r\x1b[K"
		fmt.Fprint(a.stderr, eraseLine)
	}
}

// style is what stdout can show.
func (a *app) style() report.Style {
	return report.Style{Color: a.settings.GetString("out") == "" && a.terminal(stdoutFD)}
}

// show writes a result in the chosen format.
func (a *app) show(r *metrics.Result) error {
	return writeResult(a, r, report.Table, rowOf)
}

// write renders a text whole, then puts it on stdout or in the file of --out.
func (a *app) write(render func(b *strings.Builder) error) error {
	var b strings.Builder
	if err := render(&b); err != nil {
		return err
	}
	if file := a.settings.GetString("out"); file != "" {
		return report.WriteFile(file, []byte(b.String()))
	}
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

// capacityCommands search the answer, with its front and its uncertainty.
type capacityCommands struct{ *app }

func (a capacityCommands) capacityCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "capacity SCENARIO",
		Short: "Find the largest number of agents that meets the service level",
		Long: "capacity searches the largest number of agents that meets the scenario's service level and prints it with\n" +
			"its interval, per accelerator and per megawatt, and what stands in the way of more. The interval is that of\n" +
			"the model: what predictions of public runs of the stack were off (agentsim list accuracy) and the ranges of\n" +
			"the inputs; that of the sample stands beside it, and agentsim explain takes it apart. The megawatt is that\n" +
			"of the accelerators as drawn (the benchmark's), or of their rated power, of nodes or racks at the wall, of\n" +
			"the building, or of nameplates: docs/ARCHITECTURE.md says what each includes. SCENARIO is the name of\n" +
			"a built-in scenario (agentsim list scenarios) or a YAML file.\n\n" + autoHelp + "\n\n" + paretoHelp + "\n\n" +
			uncertaintyHelp,
		Example: "  agentsim capacity gb300-agentperf-slo20\n" +
			"  agentsim capacity h200-agentperf-slo20 -o json\n" +
			"  agentsim capacity h200-agentperf-slo20 --set slo.output_speed.p25=15tok/s\n" +
			"  agentsim capacity h200-agentperf-slo20 --pareto --plot front.svg\n" +
			"  agentsim capacity h200-agentperf-slo20 --uncertainty 64 --target 1.4 --plot tornado.svg",
		Args: exactly(1, "one scenario"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.checkPareto(); err != nil {
				return err
			}
			s, p, err := a.load(args[0])
			if err != nil {
				return err
			}
			if a.settings.GetBool("pareto") {
				return a.pareto(cmd, s)
			}
			if err := a.checkAim(s); err != nil {
				return err
			}
			unknown, err := a.uncertain(s, p)
			if err != nil {
				return err
			}
			r, err := bounded(cmd.Context(), a.app, s, p)
			a.endProgress()
			if err != nil {
				return errors.Join(err, a.showKnown(s, err))
			}
			if unknown != nil {
				err = unknown.answer(cmd.Context(), r)
				a.endProgress()
				if err == nil && unknown.plot != "" {
					err = a.stamp(unknown.plot)
				}
			}
			if err != nil && cmd.Context().Err() == nil {
				return err
			}
			if file := a.settings.GetString("report"); file != "" {
				var text strings.Builder
				err = errors.Join(err, report.Table(&text, r, report.Style{}), a.page(file, report.AnswerPage(r, text.String())))
			}
			return errors.Join(a.show(r), err) // what was found before an interrupt is shown
		},
	}
	c.Flags().String("report", "", "write the answer with its inputs as one page of HTML")
	uncertaintyFlags(c)
	paretoFlags(c)
	aimFlags(c)
	return c
}

// showKnown prints what an interrupted search knew, in place of its result.
// Where the deployment was searched too, nothing is known of the answer.
func (a capacityCommands) showKnown(s *configs.Scenario, err error) error {
	stopped, ok := errors.AsType[*experiment.StoppedError](err)
	if !ok || s.Deployment.Mode == serve.Auto || a.settings.GetString("output") == "csv" {
		return nil
	}
	return a.write(func(b *strings.Builder) error {
		if a.settings.GetString("output") == "json" {
			return a.writeJSON(b, &stopped.Known)
		}
		return report.Stopped(b, &stopped.Known)
	})
}

// runCommands simulate without a search.
type runCommands struct{ *app }

func (a runCommands) runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Simulate a fixed number of agents, or the arrivals of a trace",
		Long: "run simulates the scenario with a fixed number of agents and prints the service, the power and\n" +
			"where the time of a turn went. With workload.arrivals=lanes these are session trees that take sub-agents\n" +
			"along; with open or partly-open the trace says when sessions begin, and no --agents are wanted: the run\n" +
			"begins with empty caches and ends with the last answer. With --timeline it also writes what every worker\n" +
			"and agent did inside a window of simulated time, for ui.perfetto.dev; with --power the watts of every\n" +
			"component over the measured time, and with --plot a figure of them.",
		Example: "  agentsim trace synth swe-mini --sessions 60 s.parquet\n" +
			"  agentsim run h200-agentperf-slo20 --agents 8\n" +
			"  agentsim run h200-agentperf-slo20 --agents 8 --set workload.trace=s.parquet --set workload.arrivals=lanes\n" +
			"  agentsim run h200-agentperf-slo20 --agents 8 --timeline timeline.json --timeline-span 30s\n" +
			"  agentsim run h200-agentperf-slo20 --agents 8 --power power.csv --plot figures",
		Args: exactly(1, "one scenario"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runScenario(cmd, args[0])
		},
	}
	c.Flags().Int("agents", 0, "number of agents alive at once; lanes with workload.arrivals=lanes")
	c.Flags().String("timeline", "", "write the timeline of workers, calls and power to this file")
	c.Flags().String("power", "", "write the watts of components over simulated time to this file, as CSV")
	c.Flags().String("plot", "", "draw the same into this directory, as power.png and power.svg")
	c.Flags().Duration("timeline-from", 2*time.Minute, "simulated time at which the timeline begins")
	c.Flags().Duration("timeline-span", 10*time.Second, "simulated time that the timeline covers")
	return c
}

// timelineEvents bounds a timeline: about 150 MB of JSON, what a trace viewer
// still opens.
const timelineEvents = 1_000_000

func (a runCommands) runScenario(cmd *cobra.Command, name string) error {
	agents := a.settings.GetInt("agents")
	if cmd.Flags().Changed("agents") && agents < 1 {
		return usageError{fmt.Errorf("--agents %d: want a number of agents, 1 or more", agents)}
	}
	s, _, err := a.load(name)
	if err != nil {
		return err
	}
	known, err := a.accuracy()
	if err != nil {
		return err
	}
	if agents < 1 && !s.Workload.ByTime() {
		return usageError{errors.New("--agents: missing; want a number of agents, or workload.arrivals by a trace's times")}
	}
	o := a.options()
	file := a.settings.GetString("timeline")
	from, span := a.settings.GetDuration("timeline-from"), a.settings.GetDuration("timeline-span")
	if from < 0 || span <= 0 {
		return usageError{fmt.Errorf("--timeline-from %v --timeline-span %v: want a time, and a span above 0", from, span)}
	}
	timeline := &report.Timeline{From: from.Seconds(), To: (from + span).Seconds(), Limit: timelineEvents}
	if file != "" {
		o.Observer = timeline
	}
	simulate := func() (*metrics.Result, error) { return experiment.Run(cmd.Context(), s, agents, o) }
	if agents < 1 {
		simulate = func() (*metrics.Result, error) { return experiment.Replay(cmd.Context(), s, o) }
	}
	r, err := simulate()
	if err != nil {
		return err
	}
	if file != "" {
		if err := a.writeTimeline(file, timeline); err != nil {
			return err
		}
	}
	if err := a.writePower(r); err != nil {
		return err
	}
	r.FigureIntervals = uncertainty.Figures(s, r, known)
	return a.show(r)
}

// writePower writes the power of a run over time, as a file and a figure.
func (a runCommands) writePower(r *metrics.Result) error {
	if file := a.settings.GetString("power"); file != "" {
		var b bytes.Buffer
		if err := report.PowerCSV(&b, r.Power.Series); err != nil {
			return err
		}
		if err := report.WriteFile(file, b.Bytes()); err != nil {
			return err
		}
	}
	dir := a.settings.GetString("plot")
	if dir == "" {
		return nil
	}
	return a.figures(dir, func() ([]string, error) {
		files, err := report.PowerLines(r.Scenario+": power", r.Power.Series).Draw(dir, "power")
		if err != nil || r.Prompts == nil {
			return files, err
		}
		more, err := report.PromptLines(r.Scenario+": prompts", r.Prompts.Series).Draw(dir, "prompts")
		return append(files, more...), err
	})
}

func (a runCommands) writeTimeline(file string, t *report.Timeline) error {
	var b bytes.Buffer
	if err := t.Write(&b); err != nil {
		return err
	}
	if t.Dropped > 0 {
		fmt.Fprintf(a.stderr, "timeline: %d events beyond the first %d were left out; shorten --timeline-span\n",
			t.Dropped, t.Limit)
	}
	return report.WriteFile(file, b.Bytes())
}
