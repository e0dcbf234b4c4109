package configs

import (
	"fmt"

	"agentsim/models/hardware"
)

// Warnings says what of a valid scenario is hardly meant: values that others
// override, and number formats that the model is not published in.
func (s *Scenario) Warnings() []string {
	list := s.Workload.Warnings()
	w := &s.Workload
	for _, limit := range []struct {
		path   string
		tokens int
		used   bool
	}{
		{"workload.context_limit", w.Synthetic.ContextLimit, w.Trace == ""},
		{"workload.input_max", w.InputMax, w.Trace != ""},
	} {
		if most := s.Model.MaxContext; limit.used && most > 0 && limit.tokens > most {
			list = append(list, fmt.Sprintf("%s: %d tokens are more than the %d of %s: prompts end there", limit.path,
				limit.tokens, most, s.Model.Name))
		}
	}
	if most := s.Protocol.OutputMax; most > 0 {
		if w.Trace == "" && w.Synthetic.Output.Typical() > float64(most) {
			list = append(list, fmt.Sprintf("workload.output: half of the answers are longer than "+
				"protocol.output_max: %d tokens: they are cut there", most))
		}
		if w.Trace != "" && w.OutputMax > most {
			list = append(list, fmt.Sprintf("workload.output_max: %d tokens are more than protocol.output_max: %d: "+
				"answers are cut there", w.OutputMax, most))
		}
	}
	return append(list, s.formats()...)
}

// formats compares the number formats of the deployment with those in which the
// model is published: a precision written for one model stays behind when
// another takes its place.
func (s *Scenario) formats() (list []string) {
	served, published := s.Deployment.Precision, s.Model.Weights
	for _, part := range []struct {
		name              string
		served, published hardware.Format
	}{
		{"experts", served.Experts, published.Experts},
		{"dense", served.Dense, published.Dense},
	} {
		switch {
		case part.served == "" || part.served == part.published:
		case part.published == "":
			list = append(list, fmt.Sprintf("deployment.precision.%s: %s, but %s has no such weights: "+
				"is it left over from another model?", part.name, part.served, s.Model.Name))
		default:
			list = append(list, fmt.Sprintf("deployment.precision.%s: %s, but %s is published in %s: "+
				"is it left over from another model?", part.name, part.served, s.Model.Name, part.published))
		}
	}
	return list
}
