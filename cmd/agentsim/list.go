package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/report"
	"agentsim/scenarios"
)

// listCommands show what comes with the program.
type listCommands struct{ *app }

func (a listCommands) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list [KIND [NAME]]",
		Short:   "Show what comes with the program, and where its numbers are from",
		Example: "  agentsim list\n  agentsim list scenarios\n  agentsim list systems gb300-nvl72",
		Args:    atMost(2, "a kind and a name"),

		ValidArgsFunction: completeKind,
		RunE: func(_ *cobra.Command, args []string) error {
			library := configs.Presets()
			switch len(args) {
			case 0:
				return a.listKinds(library)
			case 1:
				return a.listNames(library, args[0])
			}
			return a.describe(library, args[0], args[1])
		},
	}
}

// These list beside the kinds of presets.
const (
	scenariosKind   = "scenarios"
	studiesKind     = "studies"
	comparisonsKind = "comparisons"
)

// texts are the files of a kind that is no preset; nil where it is one.
func texts(kind string) fs.FS {
	switch kind {
	case scenariosKind:
		return scenarios.FS
	case studiesKind:
		return scenarios.Studies()
	case comparisonsKind:
		return scenarios.Comparisons()
	}
	return nil
}

func (a listCommands) names(library *configs.Library, kind string) ([]string, error) {
	from := texts(kind)
	if from == nil {
		names := library.Names(kind)
		if len(names) == 0 {
			return nil, usageError{fmt.Errorf("no kind %q: want one of %s", kind,
				strings.Join(kinds(library), ", "))}
		}
		return names, nil
	}
	return configs.NamesIn(from), nil
}

// kinds lists what comes with the program: texts first, then presets.
func kinds(library *configs.Library) []string {
	return append([]string{scenariosKind, studiesKind, comparisonsKind}, library.KindNames()...)
}

func (a listCommands) listKinds(library *configs.Library) error {
	for _, kind := range kinds(library) {
		names, err := a.names(library, kind)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%-14s%s\n", kind, strings.Join(names, ", "))
	}
	return nil
}

func (a listCommands) listNames(library *configs.Library, kind string) error {
	names, err := a.names(library, kind)
	if err != nil {
		return err
	}
	if a.settings.GetString("output") == "json" {
		return report.JSON(a.stdout, names)
	}
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	for _, name := range names {
		about := ""
		if from := texts(kind); from != nil {
			about = firstSentence(from, name)
		} else if d, err := library.Describe(kind, name); err == nil {
			about = configs.FirstSentence(d.Comment)
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(fmt.Sprintf("%-*s  %s", width, name, about), " "))
	}
	return nil
}

// describe prints a preset with the source of its numbers.
func (a listCommands) describe(library *configs.Library, kind, name string) error {
	if from := texts(kind); from != nil {
		text, err := fs.ReadFile(from, name+".yaml")
		if err != nil {
			names, _ := a.names(library, kind)
			return usageError{fmt.Errorf("%s: none is called %q: want one of %s", kind, name, strings.Join(names, ", "))}
		}
		_, err = a.stdout.Write(text)
		return err
	}
	d, err := library.Describe(kind, name)
	if err != nil {
		return err
	}
	if a.settings.GetString("output") == "json" {
		return report.JSON(a.stdout, d)
	}
	fmt.Fprintf(a.stdout, "%s (%s)\n%s\n", d.Name, d.File, d.Comment)
	for _, v := range d.Values {
		fmt.Fprintf(a.stdout, "  %-28s %-14s %-10s %s\n", v.Path, v.Value, v.Basis, v.Source)
	}
	return nil
}
