package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/metrics"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: "version prints the commit that the program was built from and its date; modified stands for changes\n" +
			"since. A build outside a checkout knows the version of its module, or is called development.",
		Example: "  agentsim version",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	_, err := fmt.Fprintln(a.stdout, buildInfo())
	return err
}

// buildInfo says which program this is: version, date of the commit where it is
// known, the compiler, and the version of the JSON that it writes.
func buildInfo() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return describeBuild(info) + ", " + info.GoVersion + ", JSON contract " + metrics.Contract
}

func describeBuild(info *debug.BuildInfo) string {
	text := versionOf(info)
	if day, _, ok := strings.Cut(setting(info, "vcs.time"), "T"); ok {
		text += " of " + day
	}
	if setting(info, "vcs.modified") == "true" {
		text += ", modified"
	}
	return text
}

// version is the commit that the program was built from, or the version of its
// module. Results and caches carry it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	if commit := setting(info, "vcs.revision"); commit != "" {
		const short = 12
		return commit[:min(short, len(commit))]
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

// setting is one entry of how the program was built; empty where it is missing.
func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
