package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/report"
	"agentsim/trace"
	"agentsim/trace/readers"
	"agentsim/trace/writers"
)

// traceCommands are those that read, generate and write traces.
type traceCommands struct{ *app }

func (a traceCommands) traceCommand() *cobra.Command {
	c := family("trace", "Look at, translate, fit and make traces of agents")
	c.Long = "trace works on records of how agents call a model. It reads " + fmt.Sprint(len(readers.Formats())) +
		" formats, plain, gzip or zstd, files or\ndirectories, and tells them apart by content. What people and models" +
		" said is counted and dropped."
	c.Example = "  agentsim trace synth swe-mini --sessions 20 sessions.parquet\n  agentsim trace stats sessions.parquet"
	c.AddCommand(a.traceStatsCommand(), a.traceDoctorCommand(), a.traceFormatsCommand(), a.traceConvertCommand(),
		a.traceFitCommand(), a.traceSynthCommand())
	return c
}

// family is a command that only holds others.
func family(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			var names []string
			for _, sub := range cmd.Commands() {
				names = append(names, sub.Name())
			}
			return usageError{fmt.Errorf("%s: no command %q%s; want one of %s", cmd.Name(), args[0],
				hint(args[0], names), strings.Join(names, ", "))}
		},
	}
}

// hint names what was probably meant.
func hint(name string, known []string) string {
	if near, ok := configs.Nearest(name, known); ok {
		return " (did you mean " + near + "?)"
	}
	return ""
}

// atLeast asks for a number of arguments or more.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		return usageError{fmt.Errorf("%s wants %s, got %d arguments; see %s --help", cmd.Name(), what, len(args),
			cmd.CommandPath())}
	}
}

// present writes a value as JSON or as a table for people.
func (a *app) present(value any, table func(b *strings.Builder)) error {
	return a.write(func(b *strings.Builder) error {
		if a.settings.GetString("output") == "json" {
			return a.writeJSON(b, value)
		}
		table(b)
		return a.writeInputs(b)
	})
}

// noCSV refuses the one format that nested results have no place in.
func (a *app) noCSV(cmd *cobra.Command) error {
	if a.settings.GetString("output") == "csv" {
		return usageError{fmt.Errorf("--output csv: %s prints table or json", cmd.Name())}
	}
	return nil
}

// readingFlags are the flags of all commands that read traces.
func readingFlags(c *cobra.Command) {
	c.Flags().String("format", readers.Auto, "format of the trace")
	c.Flags().Int("skip-bad", 0, "how many bad records to skip and report before giving up")
	c.Flags().String("prefix", trace.PrefixAppended, "of prompts, where only what a provider's cache returned is told:\n"+
		"appended (all of the prompt before) or provider (only that)")
}

// blockFlag is a flag of commands that read traces and write none.
func blockFlag(c *cobra.Command) {
	c.Flags().Int("block-tokens", 0, "tokens of a block, for formats that do not tell; 0 = found out")
}

// openTrace opens the trace that a command's arguments and flags name, with
// blocks of so many tokens where it does not tell; 0 = found out.
func (a *app) openTrace(paths []string, block int) (*readers.Trace, error) {
	format, skip := a.settings.GetString("format"), a.settings.GetInt("skip-bad")
	if known := readers.Formats(); format != readers.Auto && !slices.Contains(known, format) {
		return nil, usageError{fmt.Errorf("unknown trace format %q%s; want %s or one of %s", format, hint(format, known),
			readers.Auto, strings.Join(known, ", "))}
	}
	if skip < 0 {
		return nil, usageError{fmt.Errorf("--skip-bad %d: want 0 or more", skip)}
	}
	prefix := a.settings.GetString("prefix")
	if known := []string{trace.PrefixAppended, trace.PrefixProvider}; !slices.Contains(known, prefix) {
		return nil, usageError{fmt.Errorf("--prefix %q%s; want %s", prefix, hint(prefix, known), strings.Join(known, " or "))}
	}
	if block < 0 {
		return nil, usageError{fmt.Errorf("--block-tokens %d: want 0 (found out) or more", block)}
	}
	for _, path := range paths {
		a.about.noteTrace(path)
	}
	return readers.OpenAll(paths, readers.Options{
		Format:  format,
		SkipBad: skip,
		Prefix:  prefix,
		Block:   block,
	})
}

// remark tells on stderr what a reader met beside calls.
func (a *app) remark(r readers.Report) {
	if a.settings.GetBool("quiet") {
		return
	}
	fmt.Fprintf(a.stderr, "read as %s, files: %d\n", r.Format, r.Files)
	for _, n := range r.Notes {
		fmt.Fprintf(a.stderr, "note: %s (%s)\n", n.Text, report.Count(float64(n.Count)))
	}
	for _, bad := range r.Bad {
		fmt.Fprintf(a.stderr, "skipped: %v\n", bad)
	}
}

func (a traceCommands) traceStatsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "stats PATH...",
		Short: "Summarise a trace: turns, tokens, gaps, reuse",
		Long: "stats prints how many turns sessions have, how many tokens calls read, reuse and write, and how long\n" +
			"agents wait between them. With --plot it also draws these as figures.",
		Example: "  agentsim trace synth swe-mini --sessions 20 sessions.parquet\n" +
			"  agentsim trace stats sessions.parquet -o json\n" +
			"  agentsim trace stats sessions.parquet --plot figures",
		Args: atLeast(1, "one trace or more"),
		RunE: a.traceStats,
	}
	readingFlags(c)
	blockFlag(c)
	c.Flags().Bool("main-only", false, "leave out sub-agents")
	c.Flags().String("plot", "", "draw figures into this directory")
	return c
}

func (a traceCommands) traceStats(cmd *cobra.Command, paths []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	r, err := a.openTrace(paths, a.settings.GetInt("block-tokens"))
	if err != nil {
		return err
	}
	defer r.Close()
	stats := trace.Stats{MainOnly: a.settings.GetBool("main-only")}
	if err := stats.AddAll(r); err != nil {
		return err
	}
	if dir := a.settings.GetString("plot"); dir != "" {
		curves := stats.Curves()
		if err := a.figures(dir, func() ([]string, error) { return report.TraceFigures(&curves, dir) }); err != nil {
			return err
		}
	}
	a.remark(r.Report())
	s := stats.Summary()
	return a.present(s, func(b *strings.Builder) { summarise(b, s) })
}

// figures makes the directory that figures go to, then draws them.
func (a *app) figures(dir string, draw func() ([]string, error)) error {
	const searchable = 0o755
	if err := os.MkdirAll(dir, searchable); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	files, err := draw()
	if err != nil {
		return err
	}
	return a.stamp(files...)
}

// summarise prints a trace's summary for people.
func summarise(b *strings.Builder, s *trace.Summary) {
	fmt.Fprintf(b, "%s sessions (%s of sub-agents), %s calls\n", report.Count(float64(s.Sessions)),
		report.Count(float64(s.SubAgents)), report.Count(float64(s.Calls)))
	fmt.Fprintf(b, "%s tokens in, of which %s (%.1f %%) begin an earlier prompt; %s out\n",
		report.Count(float64(s.InputTotal)), report.Count(float64(s.PrefixTotal)), 100*s.PrefixReuse,
		report.Count(float64(s.OutputTotal)))
	if s.CachedTotal != s.PrefixTotal {
		fmt.Fprintf(b, "the recorded provider's cache returned %s (%.1f %%)\n", report.Count(float64(s.CachedTotal)),
			100*float64(s.CachedTotal)/float64(max(s.InputTotal, 1)))
	}
	b.WriteString("\n")
	var rows [][]string
	for _, q := range []struct {
		name string
		q    trace.Quantiles
	}{
		{"turns per session", s.Turns}, {"first prompt, tokens", s.FirstInput}, {"last prompt, tokens", s.LastInput},
		{"prompt, tokens", s.Input}, {"new per later call, tokens", s.New}, {"output, tokens", s.Output},
		{"tool gap, s", s.ToolGap}, {"gap before a person, s", s.UserGap}, {"service, s", s.Service},
	} {
		rows = append(rows, quantileRow(q.name, q.q))
	}
	header := []string{"", "P10", "P25", "median", "P75", "P90", "P99", "max", "mean", "number"}
	b.WriteString(report.Grid(header, rows, 2) + "\n\n")
	rows = nil
	for _, g := range s.Growth {
		if g.Turn&(g.Turn-1) != 0 {
			continue // powers of two show the course
		}
		rows = append(rows, []string{report.Count(float64(g.Turn)), report.Count(g.Input), report.Count(float64(g.Calls))})
	}
	b.WriteString(report.Grid([]string{"turn", "mean prompt", "calls"}, rows, 1) + "\n")
}

func quantileRow(name string, q trace.Quantiles) []string {
	row := []string{name}
	if q.N == 0 {
		return append(row, "", "", "", "", "", "", "", "", "0")
	}
	for _, v := range []float64{q.P10, q.P25, q.P50, q.P75, q.P90, q.P99, q.Max, q.Mean} {
		row = append(row, report.Significant(v))
	}
	return append(row, report.Count(float64(q.N)))
}

// The formats that can be written.
const (
	asParquet  = "parquet"
	asMooncake = "mooncake"
)

func (a traceCommands) traceConvertCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "convert IN... OUT",
		Short: "Write a trace as a Parquet table or agentic Mooncake rows",
		Long: "convert writes a trace of any format as a compact Parquet table, or as the agentic Mooncake rows that\n" +
			"Dynamo and AIPerf replay. Texts of prompts and answers are dropped: only counts and times are kept.",
		Example: "  agentsim trace synth swe-mini --sessions 20 sessions.parquet\n" +
			"  agentsim trace convert sessions.parquet sessions.jsonl\n" +
			"  agentsim trace convert sessions.jsonl --to parquet again.parquet --source mine --licence CC0",
		Args: atLeast(2, "a trace and a file to write"),
		RunE: a.traceConvert,
	}
	readingFlags(c)
	c.Flags().String("to", "", "format to write: parquet or mooncake; empty = by the file's ending")
	c.Flags().String("source", "", "where the data is from, kept in the table; empty = the names of the files")
	c.Flags().String("licence", "", "licence of the data, kept in the table")
	c.Flags().Int("block-tokens", mooncakeBlock, "tokens of a Mooncake block")
	return c
}

// mooncakeBlock is the block size of Mooncake's published traces, tokens.
const mooncakeBlock = 512

func (a traceCommands) traceConvert(_ *cobra.Command, args []string) error {
	in, out := args[:len(args)-1], args[len(args)-1]
	to, err := a.writtenAs(out)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(in, func(path string) bool { return filepath.Clean(path) == filepath.Clean(out) }) {
		return usageError{fmt.Errorf("%s would replace the trace it is read from; want another name", out)}
	}
	r, err := a.openTrace(in, 0)
	if err != nil {
		return err
	}
	defer r.Close()
	source := a.settings.GetString("source")
	if source == "" {
		source = named(in)
	}
	about := writers.About{Source: source, Licence: a.settings.GetString("licence"), Format: r.Format()}
	calls, err := a.writeTrace(out, to, r, about)
	if err != nil {
		return err
	}
	a.remark(r.Report())
	if !a.settings.GetBool("quiet") {
		fmt.Fprintf(a.stderr, "wrote %s: %s calls; texts of prompts and answers are dropped\n", out,
			report.Count(float64(calls)))
	}
	return nil
}

// writtenAs is the format of --to, or the one that a file's ending stands for.
func (a traceCommands) writtenAs(out string) (string, error) {
	to := a.settings.GetString("to")
	switch {
	case to == asParquet, to == asMooncake:
		return to, nil
	case to != "":
		return "", usageError{fmt.Errorf("--to %q: want %s or %s", to, asParquet, asMooncake)}
	case strings.HasSuffix(out, ".parquet"):
		return asParquet, nil
	case strings.HasSuffix(out, ".jsonl"):
		return asMooncake, nil
	}
	return "", usageError{fmt.Errorf("%s: want a file that ends in .parquet, or in .jsonl for agentic Mooncake rows", out)}
}

// writeTrace writes calls to a file in one of the formats.
func (a traceCommands) writeTrace(out, to string, r trace.Reader, about writers.About) (calls int, err error) {
	if to == asParquet {
		return writers.Parquet(out, r, about)
	}
	block := a.settings.GetInt("block-tokens")
	if block < 1 {
		return 0, usageError{fmt.Errorf("--block-tokens %d: want at least 1", block)}
	}
	return writers.AgenticMooncake(out, r, block)
}

// named lists files by name for the sources of what was made from them.
func named(paths []string) string {
	const most = 4
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
