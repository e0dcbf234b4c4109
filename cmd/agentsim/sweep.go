package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"agentsim/ask"
	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/figure"
	"agentsim/experiment/sweep/queue"
	"agentsim/experiment/sweep/results"
	"agentsim/report"
)

const sweepHelp = `sweep evaluates a scenario at every point of a study and stores the results in a folder.
It can be stopped and killed at any time: the same command goes on where it stopped, with nothing lost and nothing
twice. STUDY is the name of a built-in study (agentsim list studies) or a YAML file:

  name: memory-and-domain
  scenario: gb300-agentperf-slo20        # a name, or a path from here
  set: [protocol=steady-state]           # overrides of the scenario
  evaluate: simulate                     # or analytic: estimate in a fraction of a second
  interval: model                        # P10, P50, P90 by the errors of the model at every point; or none
  combine: grid                          # or zip, list (points under list:), latin-hypercube, halton (with points: N)
  axes:
    - {path: system.domain, values: [8, 36, 72]}
    - {path: workload.tool_gap.median, range: {from: 1s, to: 10s, steps: 4}}
    - {path: slo.output_speed.p25, log_range: {from: 20tok/s, to: 160tok/s, steps: 4}}
    - {path: system, presets: ["gb300-*", hgx-b300]}
  constraints: [deployment.decode.accelerators <= system.domain]      # keep only points where they hold
  replications: 3                        # of every point, with seeds that follow each other
  thresholds: [max(agents_per_mw.it) >= 20000]                        # else exit code 4; without max at every point
  objectives: [{metric: agents_per_mw.it}, {metric: metrics.output_speed_p25, goal: max}]
  outputs: [jsonl, csv, figures]         # beside results.parquet; by default the first two

The folder holds results.parquet (typed columns, units in the metadata), the same as results.jsonl and results.csv, and
manifest.json. Read it with DuckDB:  select * from 'sweep-x/results.parquet' order by "capacity.agents_per_mw.it" desc
or with pandas:  pandas.read_parquet("sweep-x/results.parquet"). Units are in the file's metadata under unit:COLUMN:
pyarrow.parquet.read_schema(FILE).metadata, or in DuckDB  select * from parquet_kv_metadata(FILE).

On many machines: start "agentsim worker --nats URL" where there are processors, and "agentsim sweep STUDY --nats URL"
anywhere. Without a server of one's own: --shard-index and --shard-count, which Kubernetes Indexed Jobs and Slurm
arrays give by themselves, then "agentsim sweep merge DIR". Manifests for both ways are in deploy/.`

// studyCommands run studies, work for them and show them.
type studyCommands struct{ *app }

func (a studyCommands) sweepCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sweep STUDY",
		Short: "Evaluate a scenario at every point of a study",
		Long:  sweepHelp,
		Example: "  agentsim sweep hbm-domain-gap-tier --dry-run\n" +
			"  agentsim sweep hbm-domain-gap-tier --out hbm --plot\n" +
			"  agentsim sweep show hbm --top 3",
		Args: exactly(1, "one study"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.settings.GetBool("dry-run") {
				return a.previewStudy(args[0])
			}
			return a.runStudy(cmd.Context(), args[0])
		},
	}
	f := c.Flags()
	f.String("out", "", "folder of the results (default sweep-NAME)")
	f.Bool("dry-run", false, "show the points, the impossible ones and the time they take; evaluate nothing")
	f.Bool("yes", false, "allow more than a million points")
	f.String("evaluate", "", "simulate, analytic or flows, instead of what the study says")
	f.String("interval", "", "model or none: whether every point says where its answer lies by the errors of the model\n"+
		"(0.1 to 0.3 s each; default: what the study says, or model)")
	f.Bool("fail-fast", false, "stop at the first point that fails")
	f.Bool("plot", false, "draw figures into the folder")
	f.Int("top", topDefault, "how many of the best points to show")
	f.Int("shard-index", -1, "evaluate every shard-count-th point from this one on")
	f.Int("shard-count", 0, "number of shards; 0 = one")
	a.queueFlags(c)
	c.AddCommand(a.sweepShowCommand(), a.sweepMergeCommand())
	return c
}

const topDefault = 10

func (a studyCommands) runStudy(ctx context.Context, name string) error {
	source, err := a.studySource(name)
	if err != nil {
		return err
	}
	plan, err := sweep.NewPlan(*source)
	if err != nil {
		return err
	}
	o := queue.Options{
		Plan:       plan,
		Bundle:     queue.NewBundle(source, plan),
		Library:    library(),
		Build:      build(),
		Version:    version(),
		Connection: a.connection(),
		Workers:    a.settings.GetInt("workers"),
		Silence:    a.settings.GetDuration("silence"),
		Cache:      a.cache(),
		FailFast:   a.settings.GetBool("fail-fast"),
		Clock:      a.now,
		Every:      a.reportEvery(),
		Progress:   a.sweepProgress(plan),
	}
	o.Host, _ = os.Hostname()
	if base, err := plan.Scenario(); err == nil {
		o.Inputs = ask.InputsOf(base, plan.Study.Set, nil, version())
	}
	if o.ShardIndex, o.ShardCount, err = a.shard(); err != nil {
		return err
	}
	if o.Dir = a.settings.GetString("out"); o.Dir == "" {
		o.Dir = "sweep-" + plan.Study.Name
	}
	if o.ShardCount > 1 {
		o.Dir = results.ShardFolder(o.Dir, o.ShardIndex, o.ShardCount)
	}
	if err := a.checkSweep(&o); err != nil {
		return err
	}
	t, m, err := queue.Run(ctx, o)
	a.endProgress()
	if t != nil && m.Done > 0 {
		err = errors.Join(err, a.presentStudy(t, m, o.Dir))
	}
	if err != nil || !m.Complete() || o.ShardCount > 1 { // shards are judged when they are merged
		return err
	}
	return t.Judge(m.Thresholds)
}

// presentStudy prints the results, and draws them if asked to.
func (a studyCommands) presentStudy(t *sweep.Table, m *results.Manifest, dir string) error {
	if a.settings.GetBool("plot") || slices.Contains(m.Outputs, sweep.Figures) {
		if err := drawStudy(dir, t, m); err != nil {
			return err
		}
	}
	return a.showTable(t, m)
}

// drawStudy draws the figures of a study, with what its points vary where the
// folder says so.
func drawStudy(dir string, t *sweep.Table, m *results.Manifest) error {
	drawn, err := figure.Draw(dir, t)
	if err != nil || m == nil || m.Inputs == nil {
		return err
	}
	for _, file := range drawn {
		if err := report.StampFigure(file, m.Inputs); err != nil {
			return err
		}
	}
	return nil
}
