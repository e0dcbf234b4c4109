package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"agentsim/configs"
	"agentsim/experiment/sessions"
	"agentsim/experiment/sweep"
	"agentsim/metrics"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailure     = 1
	exitUsage       = 2
	exitInfeasible  = 3
	exitThreshold   = 4
	exitInterrupted = 130
)

// process is what the program sees of its surroundings.
type process struct {
	args     []string
	stdout   io.Writer
	stderr   io.Writer
	readFile func(string) ([]byte, error)
	now      func() time.Time
	terminal func(fd int) bool
}

// The file descriptors of the standard streams.
const (
	stdoutFD = 1
	stderrFD = 2
)

// app is one run of the program.
type app struct {
	process
	settings *viper.Viper
	about    subjects
	profiles profiles
}

// usageError marks mistakes in how the program was called or configured.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run executes the command line and returns the exit code.
func run(ctx context.Context, p process) int {
	a := &app{process: p, settings: viper.New()}
	a.readFile = a.about.reading(p.readFile)
	root := a.root()
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	err = errors.Join(err, a.profiles.stop())
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(p.stderr, "agentsim: %s\n", strings.TrimSpace(err.Error()))
	return exitCode(ctx, err)
}

func exitCode(ctx context.Context, err error) int {
	var usage usageError
	var config *configs.Error
	var trace *sessions.TraceError
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, metrics.ErrInfeasible):
		return exitInfeasible
	case errors.Is(err, sweep.ErrThreshold):
		return exitThreshold
	case errors.As(err, &usage), errors.As(err, &config), errors.As(err, &trace), errors.Is(err, metrics.ErrConfiguration):
		return exitUsage
	}
	return exitFailure
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "agentsim",
		Short: "How many AI agents can a GPU rack serve, and how many per megawatt?",
		Long: "agentsim simulates closed-loop AI agents on a GPU rack, real or imagined, and finds how many of them\n" +
			"the rack serves under a service level, in total, per accelerator and per megawatt.\n\n" + environmentHelp,
		Example:       "  agentsim capacity gb300-agentperf-slo20",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.bind(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wanted, err := cmd.Flags().GetBool("version"); err != nil || !wanted {
				return errors.Join(err, cmd.Help())
			}
			return a.printVersion()
		},
	}
	// cobra's own --version prints another text, or one of a template, for which the linker keeps all methods.
	root.Flags().BoolP("version", "v", false, "print the version")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringP("output", "o", "table", "format of the result: table, json or csv")
	flags.String("out", "", "write the result to this file instead of stdout")
	flags.Uint64("seed", 0, "seed of all random choices; 0 = the scenario's")
	flags.StringArray("set", nil, "override a field, e.g. --set system.accelerator.hbm.capacity=144GB; repeatable")
	flags.String("accuracy", accuracyShipped, "how far predictions are off: a preset, or a file of fit-deployment")
	flags.BoolP("quiet", "q", false, "no progress")
	flags.String("config", "", "file with settings: the flags above by name")
	profileFlags(flags)
	root.AddCommand(capacityCommands{a}.capacityCommand(), runCommands{a}.runCommand(),
		explainCommands{a}.explainCommand(), explainCommands{a}.schemaCommand(),
		listCommands{a}.listCommand(), a.versionCommand())
	root.AddCommand(traceCommands{a}.traceCommand(), modelCommands{a}.modelCommand(),
		calibrateCommands{a}.calibrateCommand(),
		studyCommands{a}.sweepCommand(), studyCommands{a}.workerCommand())
	root.AddCommand(validateCommands{a}.validateCommand(), compareCommands{a}.compareCommand(),
		whatIfCommands{a}.whatIfCommand(), deploymentCommands{a}.deploymentCommand(), diffCommands{a}.diffCommand(),
		fieldCommands{a}.explainFieldCommand(),
		initCommands{a}.initCommand(), planCommands{a}.planCommand(), capsCommands{a}.capsCommand(),
		serveCommands{a}.serveCommand())
	root.AddCommand(fitCommands{a}.fitCommand(), dayCommands{a}.dayCommand(), manCommands{a}.manCommand(),
		toolCommands{a}.mcpCommand())
	complete(root)
	return root
}

// bind lays settings over each other: flag, then AGENTSIM_* environment, then
// config file, then default.
func (a *app) bind(cmd *cobra.Command) error {
	a.settings.SetEnvPrefix("agentsim")
	a.settings.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	a.settings.AutomaticEnv()
	if err := a.settings.BindPFlags(cmd.Flags()); err != nil {
		return err
	}
	if file := a.settings.GetString("config"); file != "" {
		a.settings.SetConfigFile(file)
		if err := a.settings.ReadInConfig(); err != nil {
			return usageError{fmt.Errorf("config %s: %w", file, err)}
		}
		if err := knownSettings(cmd.Root(), file); err != nil {
			return usageError{fmt.Errorf("config %s: %w", file, err)}
		}
	}
	switch format := a.settings.GetString("output"); format {
	case "table", "json", "csv":
		return a.profiles.start(a.settings.GetString("cpuprofile"), a.settings.GetString("memprofile"))
	default:
		return usageError{fmt.Errorf("--output %q: want table, json or csv", format)}
	}
}

// knownSettings refuses a file of settings with keys that are the flags of no
// command.
func knownSettings(root *cobra.Command, file string) error {
	written := viper.New()
	written.SetConfigFile(file)
	if err := written.ReadInConfig(); err != nil {
		return err
	}
	flags := map[string]bool{}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		note := func(f *pflag.Flag) { flags[f.Name] = true }
		cmd.Flags().VisitAll(note)
		cmd.PersistentFlags().VisitAll(note)
		for _, below := range cmd.Commands() {
			visit(below)
		}
	}
	visit(root)
	keys := written.AllKeys()
	slices.Sort(keys)
	for _, key := range keys {
		if flags[key] {
			continue
		}
		hint := ""
		if near, ok := configs.Nearest(key, slices.Collect(maps.Keys(flags))); ok {
			hint = ", did you mean " + near + "?"
		}
		return fmt.Errorf("%s: no flag has this name%s", key, hint)
	}
	return nil
}

// atMost is cobra.MaximumNArgs with a message that says what is wanted.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usageError{fmt.Errorf("%s wants %s at most, got %d arguments; see %s --help",
			cmd.Name(), what, len(args), cmd.CommandPath())}
	}
}

// exactly is cobra.ExactArgs with a message that says what is wanted.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError{fmt.Errorf("%s wants %s, got %d arguments; see %s --help",
			cmd.Name(), what, len(args), cmd.CommandPath())}
	}
}
