package ask

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"agentsim/configs"
)

// Bounds of a question.
const (
	longestText = 256 << 10 // of YAML; the longest scenario that ships has 2 KiB
	mostSets    = 200
	textName    = "scenario.yaml" // what a text is called in errors
)

// Question is a scenario and overrides of it.
type Question struct {
	Scenario string   `json:"scenario,omitempty" maxLength:"200" doc:"a built-in one, such as gb300-agentperf-slo20"`
	YAML     string   `json:"yaml,omitempty" maxLength:"262144" doc:"text of a scenario, instead of a name"`
	Set      []string `json:"set,omitempty" maxItems:"200" doc:"overrides, such as system.accelerator.hbm.capacity=144GB"`
}

// load reads the scenario that a question is about.
func (d *Desk) load(q *Question) (*configs.Scenario, *configs.Provenance, error) {
	source, err := d.sourceOf(q)
	if err != nil {
		return nil, nil, err
	}
	s, p, err := configs.LoadScenario(source, q.Set)
	if err != nil {
		return nil, nil, err
	}
	if err := d.allowTrace(s); err != nil {
		return nil, nil, err
	}
	if q.asksElse() {
		s.Question, s.Answer, s.Because = "", "", ""
	}
	return s, p, nil
}

func (d *Desk) sourceOf(q *Question) (configs.Source, error) {
	var s configs.Source
	switch {
	case q.Scenario == "" && q.YAML == "":
		return s, errors.New("scenario: missing; want the name of a built-in scenario, or yaml")
	case q.Scenario != "" && q.YAML != "":
		return s, fmt.Errorf("scenario %q and yaml: want one of them", shown(q.Scenario))
	case len(q.YAML) > longestText:
		return s, fmt.Errorf("yaml: %d bytes; want at most %d", len(q.YAML), longestText)
	case len(q.Set) > mostSets:
		return s, fmt.Errorf("set: %d overrides; want at most %d", len(q.Set), mostSets)
	}
	s = d.source(q.Scenario)
	if q.YAML != "" {
		s.Name, s.Text = textName, []byte(q.YAML)
	}
	return s, nil
}

// allowTrace refuses traces that may not be read.
func (d *Desk) allowTrace(s *configs.Scenario) error {
	for _, file := range s.Traces() {
		if d.Allow == nil {
			return fmt.Errorf("workload.trace %q: files are not read here", shown(file))
		}
		if err := d.Allow(file); err != nil {
			return fmt.Errorf("workload.trace %q: %w", shown(file), err)
		}
	}
	return nil
}

// asksElse says whether an override makes another question of a scenario.
func (q *Question) asksElse() bool {
	return slices.ContainsFunc(q.Set, func(set string) bool {
		path, _, _ := strings.Cut(set, "=")
		return !configs.Holds("protocol", strings.TrimSpace(path))
	})
}

// shown is a text of a question as messages repeat it.
func shown(text string) string {
	const longest = 200
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
