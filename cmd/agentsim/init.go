package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/scenarios"
)

// initCommands write files to begin with.
type initCommands struct{ *app }

// beginning is what init can write.
type beginning struct {
	kind string // of the list that --from names one of
	at   string // path in a scenario of what the file holds
	from string // what --from is by default
	next string // what can be done with the file
}

func beginnings() map[string]beginning {
	const own = "agentsim capacity SCENARIO --set "
	return map[string]beginning{
		"scenario":    {scenariosKind, "", "", "agentsim capacity THIS.yaml"},
		"system":      {"systems", "system.", "hgx-h200", own + "system=THIS.yaml"},
		"accelerator": {"accelerators", "system.accelerator.", "h200", own + "system.accelerator=THIS.yaml"},
		"engine":      {"engines", "engine.", "vllm", own + "engine=THIS.yaml"},
		"workload":    {"workloads", "workload.", "aa-agentperf", own + "workload=THIS.yaml"},
		"study":       {studiesKind, "", "h200-batching", "agentsim sweep THIS.yaml"},
	}
}

// firstScenario is what init scenario writes without --from: the little that
// a scenario must say.
const firstScenario = `# A question: how many agents does a system hold?
name: my-scenario
system: hgx-h200
model: deepseek-v4-pro
engine: vllm
workload: aa-agentperf
slo: {output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}
protocol: aa-agentperf
# Left out are the deployment (the best one found on the whole system), its router, its number formats and where experts
# lie. A result says under inputs what was taken; this would say it here:
# deployment: {mode: auto, accelerators: 8, router: conversation-affinity}
`

// runsKind is a table of measurements; firstRuns is one with an invented run.
const (
	runsKind  = "runs"
	firstRuns = `id,date,engine,version,system,model,weights,kv_cache,mode,gpus,` +
		`prefill_workers,prefill_gpus,prefill_tp,prefill_ep,prefill_dp_attention,` +
		`decode_workers,decode_gpus,decode_tp,decode_ep,decode_dp_attention,mtp,isl,osl,length_range,concurrency,` +
		`total_tok_s_gpu,output_tok_s_gpu,tpot_p50_ms,ttft_p50_s,ttft_p99_s,gpu_power_w,notes
my-run-1,2026-11-03,vllm,0.24.0,hgx-h200,deepseek-v4-pro,mxfp4,fp8,aggregated,8,,,,,,` +
		`1,8,8,8,false,false,8192,512,fixed,8,,,27,1.6,,,an invented run: put yours in its place
`
)

func (a initCommands) initCommand() *cobra.Command {
	what := append(slices.Sorted(maps.Keys(beginnings())), runsKind)
	c := &cobra.Command{
		Use:   "init " + strings.Join(what, "|"),
		Short: "Write a commented file to begin with: a scenario, a system, an accelerator, …",
		Long: "init writes a file that works as it is, with the meaning of every key above it, to be changed. It begins\n" +
			"as the preset that --from names (agentsim list), under a name of its own. Numbers whose source stands in the\n" +
			"file's sources keep it: change both. An accelerator runs on the kernels that its line kernels names; without\n" +
			"the line, and without kernels of its own name, on those of its nearest kin, which the result says.\n" +
			"init runs writes a table of measurements for fit-deployment, with an invented run.",
		Example: "  agentsim init accelerator --from h200 --out my-accelerator.yaml\n" +
			"  agentsim init system --from hgx-h200 --out my-system.yaml\n" +
			"  agentsim init scenario --out my-scenario.yaml",
		ValidArgs: what,
		Args:      exactly(1, "one of "+strings.Join(what, ", ")),
		RunE: func(_ *cobra.Command, args []string) error {
			b, ok := beginnings()[args[0]]
			if args[0] == runsKind {
				return a.begin(firstRuns)
			}
			if !ok {
				return usageError{fmt.Errorf("init %s: want one of %s%s", args[0], strings.Join(what, ", "),
					hint(args[0], what))}
			}
			text, err := b.text(a.settings.GetString("from"))
			if err != nil {
				return usageError{err}
			}
			return a.begin(text)
		},
	}
	c.Flags().String("from", "", "what the file begins as: a name of agentsim list KIND")
	return c
}

// begin writes a file to begin with, and not over one that somebody has changed.
func (a initCommands) begin(text string) error {
	out := a.settings.GetString("out")
	if info, err := os.Stat(out); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		if old, err := os.ReadFile(out); err != nil || string(old) != text {
			return usageError{fmt.Errorf("--out %s: there is a file with other content already, which stays as it is; "+
				"want a new name", out)}
		}
	}
	return a.write(func(b *strings.Builder) error {
		b.WriteString(text)
		return nil
	})
}

// text is the file to begin with.
func (b beginning) text(from string) (string, error) {
	if from == "" {
		from = b.from
	}
	content := firstScenario
	if from != "" {
		read, err := b.read(from)
		if err != nil {
			return "", err
		}
		content = read
	}
	lines := strings.Split(renamed(content), "\n")
	var out strings.Builder
	fmt.Fprintf(&out, "# To use it: %s\n", b.next)
	meanings := map[string]string{}
	for _, m := range configs.Meanings() {
		meanings[m.Path] = m.Meaning + " (" + m.Value() + ")"
	}
	for _, line := range lines {
		if key := topKey().FindStringSubmatch(line); key != nil && b.kind != studiesKind {
			if meaning := meanings[b.at+key[1]]; meaning != "" {
				out.WriteString("# " + key[1] + ": " + meaning + "\n")
			}
		}
		out.WriteString(line + "\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n", nil
}

func topKey() *regexp.Regexp { return regexp.MustCompile(`^(\w+):`) }

func (b beginning) read(from string) (string, error) {
	library := configs.Presets()
	var names []string
	var content []byte
	var err error
	if b.kind == scenariosKind {
		names = configs.NamesIn(scenarios.FS)
		content, err = fs.ReadFile(scenarios.FS, from+".yaml")
	} else if files := texts(b.kind); files != nil {
		names = configs.NamesIn(files)
		content, err = fs.ReadFile(files, from+".yaml")
	} else {
		names = library.Names(b.kind)
		content, err = fs.ReadFile(library.FS, b.kind+"/"+from+".yaml")
	}
	if err != nil {
		return "", fmt.Errorf("--from %s: none of the %s%s; want one of %s", from, b.kind, hint(from, names),
			strings.Join(names, ", "))
	}
	return string(content), nil
}

// renamed gives a file a name of its own.
func renamed(content string) string {
	name := regexp.MustCompile(`(?m)^name: *(?:what-if/)?(?:my-)?(.*)$`)
	return name.ReplaceAllString(content, "name: my-$1")
}
