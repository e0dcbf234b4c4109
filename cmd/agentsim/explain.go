package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/experiment/deploy"
	"agentsim/metrics"
	"agentsim/report"
	"agentsim/serve"
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
			if a.settings.GetBool("experts") {
				if err := chosen(cmd.Context(), s); err != nil {
					return err
				}
				return a.explainExperts(cmd, s)
			}
			if a.settings.GetString("plot") != "" {
				return usageError{errPlotAlone}
			}
			if err := chosen(cmd.Context(), s); err != nil {
				return err
			}
			e, err := experiment.Explain(s)
			if err != nil {
				return err
			}
			if err := experiment.Rest(e, s, provenance); err != nil {
				return err
			}
			if e.Interval, err = estimated(cmd.Context(), s, provenance); err != nil {
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

// estimated is the interval of a capacity by the analytic model, with its parts;
// nil where that serves nobody, or the deployment is still to be chosen.
func estimated(ctx context.Context, s *configs.Scenario, p *configs.Provenance) (*metrics.ModelInterval, error) {
	if s.Deployment.Mode == serve.Auto || s.Workload.ByTime() {
		return nil, nil
	}
	r, err := new(analytic.Solver).Capacity(ctx, s)
	if errors.Is(err, metrics.ErrInfeasible) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = interval(ctx, s, p, r, true)
	return r.Capacity.ModelInterval, err
}

// chosen gives a scenario that leaves its deployment open the one that the
// analytic model ranks first.
func chosen(ctx context.Context, s *configs.Scenario) error {
	if s.Deployment.Mode != serve.Auto {
		return nil
	}
	_, best, err := deploy.Best(ctx, s)
	if err != nil {
		return err
	}
	s.Deployment = *best
	return nil
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
