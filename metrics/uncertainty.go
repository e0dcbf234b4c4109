package metrics

// Uncertainty is how far the answer of a capacity search may be off by what is
// not known of its inputs.
type Uncertainty struct {
	Draws       int    `json:"draws"`
	EvaluatedBy string `json:"evaluated_by"`          // analytic | simulator
	Inputs      int    `json:"inputs"`                // that were drawn
	Idle        int    `json:"inputs_without_effect"` // were left out: no figure depends on them

	// Infeasible is the share of draws in which not one agent can be served.
	// They count as 0 agents.
	Infeasible     float64        `json:"infeasible_share"`
	Agents         Quantiles      `json:"agents"`
	PerAccelerator Quantiles      `json:"agents_per_accelerator"`
	PerMW          PerMWQuantiles `json:"agents_per_mw"`

	Checked *Checked `json:"checked,omitempty"` // draws of mean flows against short phases of the simulator
	Tornado []Swing  `json:"tornado"`           // the input that moves the answer most first
	Targets []Target `json:"targets,omitempty"`
	Sample  []Answer `json:"sample"` // one a draw
}

// Quantiles of an answer over all draws.
type Quantiles struct {
	P10 float64 `json:"p10"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
}

// Holds says whether a value lies between P10 and P90.
func (q Quantiles) Holds(v float64) bool { return q.P10 <= v && v <= q.P90 }

// Answer is the capacity at one setting of the inputs; all 0 if infeasible.
type Answer struct {
	Agents         float64 `json:"agents"`
	PerAccelerator float64 `json:"agents_per_accelerator"`
	PerMW          PerMW   `json:"agents_per_mw"`
}

// Swing is what one input alone does to the answer.
type Swing struct {
	Input  string `json:"input"`
	Basis  string `json:"basis"`
	Source string `json:"source"`
	Fields int    `json:"fields"` // numbers that it moves

	Low  Setting `json:"p10"` // the input at its own 10th percentile, all others as they are
	High Setting `json:"p90"`

	// Spearman's correlation of the input with the answers of all draws.
	RankPerAccelerator float64 `json:"rank_correlation_agents_per_accelerator"`
	RankPerMW          float64 `json:"rank_correlation_agents_per_mw"`
}

// Setting is one input at one value.
type Setting struct {
	Factor float64 `json:"factor"`          // on the value in use
	Value  string  `json:"value,omitempty"` // of an input that is a single number
	Answer
}

// Target is a figure that the answer is held against.
type Target struct {
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
	Predicted float64 `json:"predicted"`
	Below     float64 `json:"share_of_draws_below"`
	Inside    bool    `json:"inside_p10_p90"`
	Needs     []Need  `json:"needs"` // the likeliest first
}

// Need is what one input alone would have to be for the answer to meet a target.
type Need struct {
	Input   string  `json:"input"`
	Reached bool    `json:"reached"` // false: no factor does it; then what follows comes nearest
	Factor  float64 `json:"factor"`
	Value   string  `json:"value,omitempty"` // of an input that is a single number
	// Percentile of the input's own distribution at which the factor lies, in per cent.
	Percentile float64 `json:"percentile"`
	Inside     bool    `json:"inside_range"`
	Gives      float64 `json:"gives"` // the answer there
	Low        float64 `json:"range_low"`
	High       float64 `json:"range_high"`
}
