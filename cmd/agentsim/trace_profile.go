package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"agentsim/report"
	"agentsim/trace"
	"agentsim/trace/fit"
	"agentsim/trace/writers"
)

func (a traceCommands) traceFitCommand() *cobra.Command {
	d := fit.Defaults()
	c := &cobra.Command{
		Use:   "fit PATH... OUT.yaml",
		Short: "Fit a workload profile to a trace",
		Long: "fit finds the distributions that are most likely given a trace and writes them as a workload profile, for\n" +
			"--set workload.profile=OUT.yaml. It prints how far each lies from the trace: KS is the largest distance\n" +
			"between the two cumulative distributions (Kolmogorov-Smirnov).",
		Example: "  agentsim trace synth swe-mini --sessions 60 sessions.parquet\n" +
			"  agentsim trace fit sessions.parquet mine.yaml\n" +
			"  agentsim explain h200-agentperf-slo20 --set workload.profile=mine.yaml",
		Args: atLeast(2, "a trace and a .yaml file to write"),
		RunE: a.traceFit,
	}
	readingFlags(c)
	blockFlag(c)
	c.Flags().String("name", d.Name, "name of the profile")
	c.Flags().Int("first-input-max", d.FirstInputMax, "leave out sessions that start with more tokens; 0 = none")
	c.Flags().Int("turns-min", d.TurnsMin, "leave out sessions with fewer turns")
	c.Flags().Bool("sub-agents", d.SubAgents, "take the sessions of sub-agents too")
	return c
}

// fitted is what `trace fit` prints.
type fitted struct {
	Profile  string    `json:"profile"`
	File     string    `json:"file"`
	Sessions int       `json:"sessions"`
	Turns    int       `json:"turns"`
	Fits     []quality `json:"fits"`
}

type quality struct {
	Field     string  `json:"field"`
	Model     string  `json:"model"`
	Points    int     `json:"points"`
	Distance  float64 `json:"ks"`
	TraceMean float64 `json:"trace_mean"`
	ModelMean float64 `json:"model_mean"`
}

func (a traceCommands) traceFit(cmd *cobra.Command, args []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	in, out := args[:len(args)-1], args[len(args)-1]
	if !strings.HasSuffix(out, ".yaml") {
		return usageError{fmt.Errorf("%s: want a file that ends in .yaml", out)}
	}
	r, err := a.openTrace(in, a.settings.GetInt("block-tokens"))
	if err != nil {
		return err
	}
	defer r.Close()
	opts := a.fitOptions()
	opts.Source, opts.Date = "trace "+named(in)+" ("+r.Format()+")", a.now().Format(time.DateOnly)
	found, err := fit.Fit(r, opts)
	if err != nil {
		return err
	}
	if err := writeProfile(out, found.Profile); err != nil {
		return err
	}
	a.remark(r.Report())
	f := fitted{Profile: opts.Name, File: out, Sessions: found.Sessions, Turns: found.Turns}
	for _, q := range found.Fits {
		f.Fits = append(f.Fits, quality(q))
	}
	return a.present(f, func(b *strings.Builder) { f.table(b) })
}

func (a traceCommands) fitOptions() fit.Options {
	o := fit.Defaults()
	o.Name = a.settings.GetString("name")
	o.FirstInputMax = a.settings.GetInt("first-input-max")
	o.TurnsMin = a.settings.GetInt("turns-min")
	o.SubAgents = a.settings.GetBool("sub-agents")
	return o
}

func (f *fitted) table(b *strings.Builder) {
	fmt.Fprintf(b, "%s: profile of %s sessions, %s turns\n\n", f.File, report.Count(float64(f.Sessions)),
		report.Count(float64(f.Turns)))
	var rows [][]string
	for _, q := range f.Fits {
		rows = append(rows, []string{q.Field, q.Model, report.Count(float64(q.Points)), fmt.Sprintf("%.3f", q.Distance),
			report.Significant(q.TraceMean), report.Significant(q.ModelMean)})
	}
	b.WriteString(report.Grid([]string{"field", "model", "samples", "KS", "mean of trace", "of model"}, rows, 3) + "\n")
}

// writeProfile stores a profile as the preset that it is.
func writeProfile(file string, p *trace.Profile) error {
	text, err := yaml.MarshalWithOptions(p, yaml.CustomMarshaler(sourceYAML))
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return report.WriteFile(file, text)
}

// sourceYAML writes a source without the range that no fitted number has.
func sourceYAML(s trace.Source) ([]byte, error) {
	return yaml.Marshal(struct {
		Basis    string    `yaml:"basis"`
		Source   string    `yaml:"source"`
		Date     string    `yaml:"date,omitempty"`
		Note     string    `yaml:"note,omitempty"`
		Range    []float64 `yaml:"range,omitempty"`
		MaxError float64   `yaml:"max_error,omitempty"`
		Holdout  float64   `yaml:"holdout,omitempty"`
		Points   int       `yaml:"points,omitempty"`
	}{s.Basis, s.Source, s.Date, s.Note, rangeOf(s), s.MaxError, s.Holdout, s.Points})
}

func rangeOf(s trace.Source) []float64 {
	if s.Range == [2]float64{} {
		return nil
	}
	return s.Range[:]
}

func (a traceCommands) traceSynthCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "synth PROFILE OUT",
		Short: "Draw sessions from a workload profile",
		Long: "synth draws sessions from a workload profile, a preset (agentsim list workloads) or a YAML file, and\n" +
			"writes them as a Parquet table or, to a file that ends in .jsonl, as agentic Mooncake rows. The same seed gives\n" +
			"the same bytes, and a longer trace begins like a shorter one. --set changes fields of the profile.",
		Example: "  agentsim trace synth swe-mini --sessions 20 sessions.parquet\n" +
			"  agentsim trace synth swe-mini --sessions 20 --seed 7 --set turns.median=10 sessions.jsonl",
		Args: exactly(2, "a profile and a file to write"),
		RunE: a.traceSynth,
	}
	c.Flags().Int("sessions", 100, "number of sessions")
	c.Flags().String("to", "", "format to write: parquet or mooncake; empty = by the file's ending")
	c.Flags().Int("block-tokens", mooncakeBlock, "tokens of a Mooncake block")
	return c
}

func (a traceCommands) traceSynth(_ *cobra.Command, args []string) error {
	name, out := args[0], args[1]
	to, err := a.writtenAs(out)
	if err != nil {
		return err
	}
	sessions := a.settings.GetInt("sessions")
	if sessions < 1 {
		return usageError{fmt.Errorf("--sessions %d: want 1 or more", sessions)}
	}
	p, err := a.profile(name)
	if err != nil {
		return err
	}
	seed := a.settings.GetUint64("seed")
	about := writers.About{Format: "profile",
		Source: fmt.Sprintf("agentsim trace synth %s --sessions %d --seed %d", named([]string{name}), sessions, seed)}
	calls, err := a.writeTrace(out, to, trace.NewGenerator(p, seed, sessions), about)
	if err != nil {
		return err
	}
	if !a.settings.GetBool("quiet") {
		fmt.Fprintf(a.stderr, "wrote %s: %s sessions, %s calls\n", out, report.Count(float64(sessions)),
			report.Count(float64(calls)))
	}
	return nil
}

// profile loads a workload profile by its name or file, with all overrides.
func (a *app) profile(name string) (*trace.Profile, error) {
	w, err := loadPreset[trace.Workload](a, name)
	if err != nil {
		return nil, err
	}
	if w.Trace != "" {
		return nil, usageError{fmt.Errorf("%s replays the trace %s; want a profile to draw sessions from", name, w.Trace)}
	}
	return &w.Synthetic, nil
}
