package ask

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

func (d *Desk) inputs(s *configs.Scenario, p *configs.Provenance, sets []string) *metrics.Inputs {
	return InputsOf(s, sets, p.Filled(), d.Version)
}

// about is what a result of several scenarios is about.
func (d *Desk) about(sets []string) *metrics.Inputs {
	return &metrics.Inputs{Overrides: append([]string{}, sets...), Files: []metrics.Digest{}, Version: d.Version}
}

// InputsOf says what a result of a scenario is about; defaults are what the
// scenario left to the program.
func InputsOf(s *configs.Scenario, sets, defaults []string, version string) *metrics.Inputs {
	return &metrics.Inputs{
		Scenario:      s.Name,
		System:        s.System.Name,
		Accelerator:   s.System.Accelerator.Name,
		Model:         s.Model.Name,
		Engine:        s.Engine.Name,
		EngineVersion: s.Engine.Version,
		Kernels:       s.Kernels.Name,
		Deployment:    deployed(&s.Deployment),
		Workload:      workloadInWords(s),
		Level:         levelInWords(&s.SLO),
		Protocol:      s.Protocol.Name,
		Seed:          s.Seed,
		Overrides:     append([]string{}, sets...),
		Defaults:      defaults,
		Files:         []metrics.Digest{},
		Version:       version,
	}
}

func deployed(d *serve.DeploymentSpec) *metrics.Deployed {
	words := deploy.Shape(d)
	if d.Mode == serve.Auto {
		words = "the best deployment found"
	}
	text, err := yaml.MarshalWithOptions(d, yaml.OmitEmpty(), yaml.Flow(false))
	if err != nil {
		return &metrics.Deployed{Words: words}
	}
	return &metrics.Deployed{Words: words, YAML: string(text)}
}

func workloadInWords(s *configs.Scenario) string {
	all := s.Workloads()
	if len(all) == 1 {
		return kindInWords(&s.Workload)
	}
	var parts []string
	for i := range all {
		parts = append(parts, fmt.Sprintf("%.4g of %s", all[i].Share, kindInWords(&all[i].Workload)))
	}
	return strings.Join(parts, ", ")
}

func kindInWords(w *trace.Workload) string {
	words := cmp.Or(w.Preset, w.Synthetic.Name, "own profile")
	if w.Trace != "" {
		words = "trace " + w.Trace
	}
	if w.Arrivals != "" {
		words += ", arrivals " + w.Arrivals
	}
	return words
}

func levelInWords(slo *configs.SLO) string {
	var words []string
	for _, c := range slo.Criteria() {
		words = append(words, c.String())
	}
	text := strings.Join(words, ", ")
	if slo.Name != "" {
		text = slo.Name + ": " + text
	}
	return text
}
