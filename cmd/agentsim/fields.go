package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/report"
	"agentsim/scenarios"
)

// fieldCommands say what the fields of a scenario mean.
type fieldCommands struct{ *app }

func (a fieldCommands) explainFieldCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain-field PATH",
		Short: "Say what a field of a scenario means, and what presets say of it",
		Long: "explain-field prints the meaning of a field: its unit, the direction of a bandwidth, what leaving it out\n" +
			"does, the values that it can have, and its value in every preset that has it, with the source. PATH is what\n" +
			"--set takes; an index or a * stands for any item, and any name for an entry. docs/REFERENCE.md lists all fields.",
		Example: "  agentsim explain-field system.accelerator.scale_up\n" +
			"  agentsim explain-field deployment.batching -o json",
		Args: exactly(1, "one path"),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
			return pathsFrom(begun, ""), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.noCSV(cmd); err != nil {
				return err
			}
			m, err := configs.MeaningOf(args[0])
			if err != nil {
				return err
			}
			values, err := configs.Presets().ValuesOf(presetPath(args[0]))
			if err != nil {
				return err
			}
			out := fieldAccount{m, values}
			return a.write(func(b *strings.Builder) error {
				if a.settings.GetString("output") == "json" {
					return report.JSON(b, out)
				}
				out.table(b, a.style())
				return nil
			})
		},
	}
}

// fieldAccount is what explain-field prints.
type fieldAccount struct {
	configs.Meaning
	Presets []configs.PresetValue `json:"presets"`
}

func (e fieldAccount) table(b *strings.Builder, style report.Style) {
	fmt.Fprintf(b, "%s: %s\n  value    %s\n", style.Bold(e.Path), e.Meaning.Meaning, e.Value())
	if e.Unit != "" {
		fmt.Fprintf(b, "  unit     %s\n", e.Unit)
	}
	if e.Default != "" {
		fmt.Fprintf(b, "  left out %s\n", e.Default)
	}
	if e.Preset != "" {
		fmt.Fprintf(b, "  presets  %s\n", strings.Join(configs.Presets().Names(e.Preset), ", "))
	}
	if len(e.Presets) == 0 {
		return
	}
	var rows [][]string
	for _, v := range e.Presets {
		rows = append(rows, []string{v.Preset, v.Value, v.Basis, v.Source})
	}
	b.WriteString("\n" + report.Grid([]string{"preset", "value", "basis", "source"}, rows, 5) + "\n")
}

// presetPath is a path inside a preset: its kind, and the path from there.
func presetPath(path string) (kind, inside string) {
	for _, f := range configs.ScenarioFields() {
		if f.Preset == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(path, f.Path+"."); ok {
			kind, inside = f.Preset, rest // the innermost is listed last
		}
	}
	return kind, inside
}

// pathsFrom lists the paths of single values that go on from what was typed.
func pathsFrom(begun, after string) []string {
	var list []string
	for _, m := range configs.Meanings() {
		if strings.HasPrefix(m.Path, begun) && m.Form != "mapping" && m.Form != "list" {
			list = append(list, m.Path+after+"\t"+m.Meaning)
		}
	}
	return list
}

// complete gives all commands their completion.
func complete(root *cobra.Command) {
	_ = root.RegisterFlagCompletionFunc("set", completeSet) // an error only where there is no such flag
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "csv"},
		cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("accuracy", func(*cobra.Command, []string, string) ([]string,
		cobra.ShellCompDirective) {
		return configs.Presets().Names("accuracy"), cobra.ShellCompDirectiveDefault
	})
	for _, c := range root.Commands() {
		if c.ValidArgsFunction == nil && strings.Contains(c.Use, "SCENARIO") {
			c.ValidArgsFunction = completeScenario
		}
	}
}

// completeSet completes --set: paths, and behind = the names or choices there are.
func completeSet(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	path, _, value := strings.Cut(begun, "=")
	const flags = cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	if !value {
		list := pathsFrom(begun, "=")
		for _, m := range configs.Meanings() {
			if m.Preset != "" && strings.HasPrefix(m.Path, begun) {
				list = append(list, m.Path+"=\t"+m.Meaning)
			}
		}
		slices.Sort(list)
		return list, flags
	}
	m, err := configs.MeaningOf(path)
	if err != nil {
		return nil, flags
	}
	values := m.Among
	if m.Preset != "" {
		values = configs.Presets().Names(m.Preset)
	}
	var list []string
	for _, v := range values {
		list = append(list, path+"="+v)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeScenario completes the names of built-in scenarios; files are the
// shell's.
func completeScenario(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return starting(configs.NamesIn(scenarios.FS), begun), cobra.ShellCompDirectiveDefault
}

// completeKind completes KIND and NAME of list.
func completeKind(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	library := configs.Presets()
	switch len(args) {
	case 0:
		return starting(kinds(library), begun), cobra.ShellCompDirectiveNoFileComp
	case 1:
		names := library.Names(args[0])
		if from := texts(args[0]); from != nil {
			names = configs.NamesIn(from)
		}
		return starting(names, begun), cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func starting(names []string, begun string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, begun) })
}

// firstSentence is what a text with an opening comment says first.
func firstSentence(from fs.FS, name string) string {
	content, err := fs.ReadFile(from, name+".yaml")
	if err != nil {
		return ""
	}
	return configs.FirstSentence(configs.OpeningComment(content))
}
