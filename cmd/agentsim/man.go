package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"agentsim/report"
)

// manCommands write the manual.
type manCommands struct{ *app }

func (a manCommands) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages, one a command",
		Long: "man writes a manual page of every command into a directory, as section 1 of the manual:\n" +
			"man -l DIR/agentsim.1 reads one, and a directory man1 on MANPATH holds them.",
		Example: "  agentsim man man1",
		Args:    exactly(1, "a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			const searchable = 0o755
			if err := os.MkdirAll(args[0], searchable); err != nil {
				return err
			}
			var failed error
			everyCommand(cmd.Root(), func(c *cobra.Command) {
				name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
				failed = errors.Join(failed, report.WriteFile(filepath.Join(args[0], name), []byte(manPage(c))))
			})
			return failed
		},
	}
}

func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			everyCommand(sub, visit)
		}
	}
}

// environmentHelp says how settings are given beside flags.
const environmentHelp = `Every flag may be set by the environment variable AGENTSIM_ and its name in capitals, with _
for -: AGENTSIM_OUTPUT=json, AGENTSIM_SEED=7, AGENTSIM_ACCURACY=mine.yaml. A file of settings (--config) holds flags by
name. Flags win over the environment, the environment over the file.`

// manPage is the manual page of a command, in the macros of man(7).
func manPage(c *cobra.Command) string {
	var b strings.Builder
	page := strings.ToUpper(strings.ReplaceAll(c.CommandPath(), " ", "-"))
	fmt.Fprintf(&b, ".TH %q 1\n.SH NAME\n%s \\- %s\n", page, roff(strings.ReplaceAll(c.CommandPath(), " ", "-")),
		roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n%s\n", roff(c.UseLine()), paragraphs(c.Long))
	b.WriteString(options("OPTIONS", c.NonInheritedFlags()))
	b.WriteString(options("OPTIONS OF ALL COMMANDS", c.InheritedFlags()))
	fmt.Fprintf(&b, ".SH ENVIRONMENT\n%s\n", paragraphs(environmentHelp))
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	var others []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			others = append(others, fmt.Sprintf(".TP\n.B %s\n%s", roff(sub.Name()), roff(sub.Short)))
		}
	}
	if len(others) > 0 {
		fmt.Fprintf(&b, ".SH COMMANDS\n%s\n", strings.Join(others, "\n"))
	}
	return b.String()
}

func options(title string, flags *pflag.FlagSet) string {
	var list []string
	flags.VisitAll(func(f *pflag.Flag) {
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.Value.Type() != "bool" {
			name += " " + f.Value.Type()
		}
		list = append(list, fmt.Sprintf(".TP\n.B %s\n%s", roff(name), roff(f.Usage)))
	})
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf(".SH %s\n%s\n", title, strings.Join(list, "\n"))
}

func paragraphs(text string) string { return strings.ReplaceAll(roff(text), "\n\n", "\n.PP\n") }

// roff is text that the macros leave alone.
func roff(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	text = strings.ReplaceAll(text, "-", `\-`)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
