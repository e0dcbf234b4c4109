package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"agentsim/experiment/deploy"
	"agentsim/metrics"
	"agentsim/recipe"
	"agentsim/report"
	"agentsim/serve"
)

// deploymentCommands are those that read and write the files that run deployments.
type deploymentCommands struct{ *app }

func (a deploymentCommands) deploymentCommand() *cobra.Command {
	c := family("deployment", "Read deployments from the files that run them, and write such files")
	c.Example = "  agentsim deployment export gb300-agentperf-slo20 --for dynamo"
	c.AddCommand(a.deploymentImportCommand(), a.deploymentExportCommand())
	return c
}

func (a deploymentCommands) deploymentImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import DIR|FILE…",
		Short: "Read a recipe, manifest, script or command line as a deployment",
		Long: "import reads the files that run a deployment: SLURM recipes, Dynamo and llm-d manifests and values,\n" +
			"compose files, scripts and command lines of vLLM, SGLang and TensorRT-LLM, with the configuration files that\n" +
			"they name. It prints what they say per worker and attention rank, what it did not read, what it assumed, and\n" +
			"`deployment`, which a scenario takes as it is. Nothing is ever run: variables of scripts that the text leaves\n" +
			"open are given with --set NAME=VALUE. A mistake in the files ends in exit code 2 and one line for each.",
		Example: "  agentsim deployment import serve.sh -o json\n" +
			"  agentsim deployment import recipe.yaml --variant base",
		Annotations: map[string]string{"example": "slow"}, // needs files
		RunE:        a.deploymentImport,
	}
	c.Flags().String("variant", "", "which recipe of a file that holds several; base = without overrides")
	return c
}

func (a deploymentCommands) deploymentImport(cmd *cobra.Command, args []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	if len(args) == 0 {
		return usageError{fmt.Errorf("import wants a directory or files; see %s --help", cmd.CommandPath())}
	}
	options := recipe.Options{Variant: a.settings.GetString("variant"), Variables: map[string]string{}}
	for _, set := range a.settings.GetStringSlice("set") {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			return usageError{fmt.Errorf("--set %s: want NAME=VALUE", set)}
		}
		options.Variables[name] = value
	}
	files, err := a.recipeFiles(args)
	if err != nil {
		return usageError{err}
	}
	out, err := recipe.Read(files, options)
	if err != nil {
		return usageError{err}
	}
	return a.present(out, func(b *strings.Builder) { recipeTable(b, out) })
}

// recipeFiles reads files, and those of a directory that may be of a recipe.
func (a deploymentCommands) recipeFiles(args []string) ([]recipe.File, error) {
	var files []recipe.File
	add := func(path string) error {
		info, err := os.Stat(path)
		const largest = 4 << 20 // bytes
		if err == nil && info.Size() > largest {
			return fmt.Errorf("%s: %d bytes, more than a recipe's %d", path, info.Size(), largest)
		}
		text, err := a.readFile(path)
		if err == nil {
			files = append(files, recipe.File{Name: path, Text: text})
		}
		return err
	}
	for _, arg := range args {
		entries, err := os.ReadDir(arg)
		if err != nil {
			if err := add(arg); err != nil {
				return nil, err
			}
			continue
		}
		before := len(files)
		for _, e := range entries {
			known := []string{".yaml", ".yml", ".json", ".sh", ".bash", ".txt", ".env", ".slurm", ".sbatch"}
			if e.IsDir() || !slices.Contains(known, filepath.Ext(e.Name())) || e.Name() == "expected.yaml" {
				continue
			}
			if err := add(filepath.Join(arg, e.Name())); err != nil {
				return nil, err
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s holds no file that could be a recipe's", arg)
		}
	}
	return files, nil
}

func recipeTable(b *strings.Builder, r *recipe.Recipe) {
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	fmt.Fprintf(b, "%s: %s %s on %s, model %s, router %s\n\n", r.Format, r.Engine.Family, text(r.Engine.Version),
		text(r.Accelerator), text(r.Model), r.Router.Kind)
	poolTable(b, "", r.Pools)
	for _, v := range r.Variants {
		poolTable(b, v.Name, v.Pools)
	}
	if len(r.Deployment) > 0 {
		if text, err := yaml.JSONToYAML(r.Deployment); err == nil {
			fmt.Fprintf(b, "deployment:\n  %s\n", strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  "))
		}
	}
	for _, line := range r.Assumed {
		fmt.Fprintf(b, "assumed: %s\n", line)
	}
	for _, n := range r.NotRead {
		fmt.Fprintf(b, "not read: %s:%d: %s: %s\n", n.File, n.Line, n.Key, n.Says)
	}
}

func poolTable(b *strings.Builder, name string, pools map[string]*recipe.Pool) {
	if len(pools) == 0 {
		return
	}
	if name != "" {
		fmt.Fprintf(b, "%s\n", name)
	}
	number := func(n *int) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	var rows [][]string
	for _, role := range slices.Sorted(maps.Keys(pools)) {
		p := pools[role]
		draft := p.Draft.Kind
		if p.Draft.Name != "" {
			draft = p.Draft.Name + " " + number(p.Draft.Depth)
		}
		rows = append(rows, []string{role, fmt.Sprint(p.Workers), fmt.Sprint(p.AcceleratorsPerWorker), fmt.Sprint(p.TP),
			fmt.Sprint(p.EP), fmt.Sprint(p.PP), fmt.Sprint(p.Ranks), number(p.TokenBudgetPerRank),
			number(p.MaxBatchPerRank), draft})
	}
	header := []string{"pool", "workers", "accelerators", "tp", "ep", "pp", "ranks", "tokens a rank", "sequences a rank",
		"draft"}
	b.WriteString(report.Grid(header, rows, 2) + "\n\n")
}

func (a deploymentCommands) deploymentExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "export SCENARIO",
		Short: "Write the flags or the manifest that run a scenario's deployment",
		Long: "export writes the command lines of vLLM, SGLang or TensorRT-LLM, or a Dynamo manifest, that run the\n" +
			"deployment of a scenario: parallel sizes, limits, drafts and the cache's format, in each engine's own terms\n" +
			"(SGLang divides its limits by the ranks of DP attention). What an engine has no flag for is said in a comment.\n" +
			"Of mode auto it writes the deployment that the analytic model ranks first.",
		Example: "  agentsim deployment export gb300-agentperf-slo20 --for trtllm\n" +
			"  agentsim deployment export h200-agentperf-slo20 --for sglang",
		Args: exactly(1, "one scenario"),
		RunE: a.deploymentExport,
	}
	c.Flags().String("for", "vllm", "what to write: vllm, sglang, trtllm or dynamo")
	return c
}

func (a deploymentCommands) deploymentExport(cmd *cobra.Command, args []string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	scenario, _, err := a.load(args[0])
	if err != nil {
		return err
	}
	chosen := &scenario.Deployment
	if chosen.Mode == serve.Auto {
		known, err := a.accuracy()
		if err != nil {
			return err
		}
		if _, chosen, err = deploy.Best(cmd.Context(), scenario, metrics.Aim{}, known); err != nil {
			return err
		}
	}
	files, err := recipe.Write(chosen, recipe.Target{
		For:         a.settings.GetString("for"),
		Engine:      scenario.Engine.Family,
		Model:       scenario.Model.Name,
		Utilisation: scenario.Engine.Memory.Utilisation,
		NodeSize:    scenario.System.AcceleratorsPer,
	})
	if err != nil {
		return usageError{err}
	}
	return a.write(func(b *strings.Builder) error { // inputs as a comment below what a shell is to run
		if a.settings.GetString("output") == "json" {
			return report.JSON(b, files)
		}
		for _, f := range files {
			fmt.Fprintf(b, "# %s\n%s\n# agentsim.%s\n", f.Name, strings.TrimRight(f.Text, "\n"), report.InputLine(a.inputs()))
		}
		return nil
	})
}
