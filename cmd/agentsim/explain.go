package main

import (
	"errors"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/report"
)

// explainCommands take a scenario apart.
type explainCommands struct{ *app }

func (a explainCommands) explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain SCENARIO",
		Short: "Show where a step's time, a rank's memory and an accelerator's watts go",
		Long: "explain prices one typical step of each pool, operator by operator, with what bounds it; lists the memory\n" +
			"of an accelerator line by line; and says how much of the step times rests on measured, fitted and assumed\n" +
			"numbers; and what the interval of the capacity consists of: kernels, stack, workload, cache policy,\n" +
			"structure, each alone, by the analytic model. No simulation.",
		Example: "  agentsim explain gb300-agentperf-slo20\n" +
			"  agentsim explain gb300-agentperf-slo20 --experts --plot figures",
		Args: exactly(1, "one scenario"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, provenance, err := a.load(args[0])
			if err != nil {
				return err
			}
			known, err := a.accuracy()
			if err != nil {
				return err
			}
			if a.settings.GetBool("experts") {
				if err := ask.Chosen(cmd.Context(), s, known); err != nil {
					return err
				}
				return a.explainExperts(cmd, s)
			}
			if a.settings.GetString("plot") != "" {
				return usageError{errPlotAlone}
			}
			if err := ask.Chosen(cmd.Context(), s, known); err != nil {
				return err
			}
			e, err := experiment.Explain(s)
			if err != nil {
				return err
			}
			var rest error
			var beside sync.WaitGroup // neither needs the other
			beside.Go(func() { rest = experiment.Rest(e, s, provenance) })
			e.Interval, err = ask.Estimated(cmd.Context(), s, provenance, known)
			beside.Wait()
			if err := errors.Join(rest, err); err != nil {
				return err
			}
			return a.write(func(b *strings.Builder) error {
				if a.settings.GetString("output") == "json" {
					return a.writeJSON(b, e)
				}
				return errors.Join(report.Explain(b, e, a.style()), a.writeInputs(b))
			})
		},
	}
	expertFlags(c)
	return c
}

func (a explainCommands) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a scenario",
		Example: "  agentsim schema --out scenario.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := configs.Schema[configs.Scenario](configs.Presets())
			if err != nil {
				return err
			}
			return a.write(func(b *strings.Builder) error {
				b.Write(schema)
				return nil
			})
		},
	}
}
