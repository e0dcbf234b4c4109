package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/report"
	"agentsim/trace"
	"agentsim/trace/readers"
)

func (a traceCommands) traceDoctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor PATH...",
		Short: "Say what a trace holds, what was passed over, and how to replay it",
		Long: "doctor reads a trace and says what was read and what was passed over, how the prefixes of its prompts were\n" +
			"found, what share of the time is people's, which replay fits, and the command to run next.",
		Example: "  agentsim trace synth swe-mini --sessions 20 sessions.parquet\n" +
			"  agentsim trace doctor sessions.parquet",
		Args: atLeast(1, "one trace or more"),
		RunE: a.traceDoctor,
	}
	readingFlags(c)
	blockFlag(c)
	return c
}

// diagnosis is what `trace doctor` prints.
type diagnosis struct {
	Format string   `json:"format"`
	Files  int      `json:"files"`
	Left   []string `json:"passed_over"` // and what was filled in
	Bad    []string `json:"bad_records"`
	Prefix string   `json:"prefix"` // how prefixes were found
	*trace.Examination
	Commands []string `json:"commands"` // to run next
}

func (a traceCommands) traceDoctor(cmd *cobra.Command, paths []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	r, err := a.openTrace(paths, a.settings.GetInt("block-tokens"))
	if err != nil {
		return err
	}
	defer r.Close()
	found, err := trace.Examine(r)
	if err != nil {
		return err
	}
	met := r.Report()
	d := diagnosis{Format: met.Format, Files: met.Files, Prefix: readers.GuideOf(met.Format).Prefix, Examination: found}
	if a.settings.GetString("prefix") == trace.PrefixProvider {
		d.Prefix = "by what the provider's cache returned (--prefix provider)"
	}
	for _, n := range met.Notes {
		d.Left = append(d.Left, n.Text+" ("+report.Count(float64(n.Count))+")")
	}
	for _, bad := range met.Bad {
		d.Bad = append(d.Bad, bad.Error())
	}
	d.Commands = a.next(paths, found)
	return a.present(d, func(b *strings.Builder) { d.print(b) })
}

// next are the commands that replay a trace as it fits.
func (a traceCommands) next(paths []string, x *trace.Examination) []string {
	set := ""
	if len(paths) == 1 {
		set = " --set workload.trace=" + quoted(paths[0])
	} else {
		set = " --set workload.trace=all.parquet"
	}
	if format := a.settings.GetString("format"); format != readers.Auto && len(paths) == 1 {
		set += " --set workload.format=" + format
	}
	if skip := a.settings.GetInt("skip-bad"); skip > 0 && len(paths) == 1 {
		set += fmt.Sprintf(" --set workload.skip_bad=%d", skip)
	}
	if block := a.settings.GetInt("block-tokens"); block > 0 && len(paths) == 1 {
		set += fmt.Sprintf(" --set workload.block_tokens=%d", block)
	}
	if a.settings.GetString("prefix") == trace.PrefixProvider && len(paths) == 1 {
		set += " --set workload.prefix=" + trace.PrefixProvider
	}
	if x.Arrivals != trace.ArrivalsClosed {
		set += " --set workload.arrivals=" + x.Arrivals
	}
	if x.GapMax > 0 {
		set += fmt.Sprintf(" --set workload.gap_max=%gs", x.GapMax)
	}
	do := "capacity"
	if x.Arrivals == trace.ArrivalsOpen {
		do = "run"
	}
	next := "agentsim " + do + " gb300-agentperf-slo20" + set
	if len(paths) > 1 {
		var names []string
		for _, path := range paths {
			names = append(names, quoted(path))
		}
		return []string{"agentsim trace convert " + strings.Join(names, " ") + " all.parquet", next}
	}
	return []string{next}
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	path = filepath.ToSlash(path)
	if strings.ContainsAny(path, " \t'\"$&;()*?[]{}<>|\\`!#~") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

func (d *diagnosis) print(b *strings.Builder) {
	s := d.Summary
	fmt.Fprintf(b, "read         %s, files: %d\n", d.Format, d.Files)
	fmt.Fprintf(b, "             %s sessions (%s of sub-agents), %s calls; %s tokens in, %s out\n",
		report.Count(float64(s.Sessions)), report.Count(float64(s.SubAgents)), report.Count(float64(s.Calls)),
		report.Count(float64(s.InputTotal)), report.Count(float64(s.OutputTotal)))
	label := "passed over "
	for _, text := range append(append([]string{}, d.Left...), d.Bad...) {
		fmt.Fprintf(b, "%s %s\n", label, text)
		label = "            "
	}
	if len(d.Left)+len(d.Bad) == 0 {
		b.WriteString("passed over  nothing\n")
	}
	fmt.Fprintf(b, "prefixes     %s\n", d.Prefix)
	fmt.Fprintf(b, "             %.1f %% of all prompt tokens begin an earlier prompt", 100*s.PrefixReuse)
	if s.CachedTotal != s.PrefixTotal {
		fmt.Fprintf(b, "; the provider's cache returned %.1f %%",
			100*float64(s.CachedTotal)/float64(max(s.InputTotal, 1)))
	}
	b.WriteString("\n")
	fmt.Fprintf(b, "times        %s of %s calls have an instant; %s gaps are known\n", report.Count(float64(d.Timed)),
		report.Count(float64(s.Calls)), report.Count(float64(d.Gaps)))
	fmt.Fprintf(b, "people       %.0f %% of the time is theirs\n", 100*d.PeopleShare)
	fmt.Fprintf(b, "replay       %s: %s\n", d.Arrivals, d.Why)
	for i, command := range d.Commands {
		label := "next        "
		if i > 0 {
			label = "            "
		}
		fmt.Fprintf(b, "%s %s\n", label, command)
	}
}

func (a traceCommands) traceFormatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "formats",
		Short:   "List the formats of traces: what each needs, and how to get one",
		Example: "  agentsim trace formats\n  agentsim trace formats -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.noCSV(cmd); err != nil {
				return err
			}
			guides := readers.Guides()
			return a.present(guides, func(b *strings.Builder) {
				for _, g := range guides {
					fmt.Fprintf(b, "%s\n  %s\n  needs     %s\n  prefixes  %s\n  export    %s\n", g.Name, g.About,
						strings.Join(g.Needs, "\n            or "), g.Prefix, g.Example)
				}
			})
		},
	}
}
