package configs

import "agentsim/configs/tree"

// Uncertainty says what a scenario does not know, by the path of a field.
type Uncertainty = tree.Uncertainty

// effort is the preset whose ranges say how much is tried, which changes the
// precision of an answer and not the answer.
const effort = "protocol"

// Inputs lists what is uncertain about a loaded scenario, by name: what the
// sources of its presets say of their numbers, and what the scenario says
// itself, which replaces the word of a preset on the same fields.
func (s *Scenario) Inputs(p *Provenance) ([]Input, error) { return p.Inputs(s.Uncertainty, effort) }

// With returns the scenario with every input at a draw of its own; p is the
// scenario's provenance. The scenario stays as it was. What cannot be is an
// *Error at the place where the number stands that was changed.
func (s *Scenario) With(p *Provenance, inputs []Input, draws []float64) (*Scenario, error) {
	return tree.With(Presets(), p, s, inputs, draws)
}

// Scaled returns the scenario with one of its numbers times a factor, as With
// does.
func (s *Scenario) Scaled(p *Provenance, f Field, factor float64) (*Scenario, error) {
	one := Input{Fields: []tree.Scaled{{Field: f, Power: 1}}}
	return s.With(p, []Input{one}, []float64{factor})
}

// Verify reports the first distribution of the scenario that cannot be.
func (s *Scenario) Verify(p *Provenance) error { return s.Uncertainty.Verify(p) }
