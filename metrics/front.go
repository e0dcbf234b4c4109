package metrics

// Front is agents per megawatt against output speed: what the analytic model
// finds when the service level asks for one speed after another.
type Front struct {
	Scenario   string  `json:"scenario"`
	Question   string  `json:"question,omitempty"`
	Percentile string  `json:"percentile"` // of the output speed that is asked for, as in the service level
	Open       bool    `json:"open"`       // the deployment is chosen anew at every speed; else it is the scenario's
	Points     []Point `json:"points"`     // by rising speed
	Seed       uint64  `json:"seed"`
	Version    string  `json:"version"`
}

// Point is the answer at one output speed.
type Point struct {
	Speed           float64 `json:"output_speed"` // floor, tok/s
	Agents          int     `json:"agents"`       // 0 = the speed cannot be had
	PerAccelerator  float64 `json:"agents_per_accelerator"`
	Estimated       float64 `json:"agents_per_mw_estimated"` // of accelerator power as drawn
	OnFront         bool    `json:"on_front"`                // no higher speed holds as many agents per megawatt
	Shape           string  `json:"shape"`
	MaxBatchPerRank int     `json:"max_batch_per_rank"`
	DraftTokens     int     `json:"draft_tokens"`
	Limit           string  `json:"limit"` // or why the speed cannot be had
	SimulatedAgents int     `json:"agents_simulated,omitempty"`
	Simulated       float64 `json:"agents_per_mw_simulated,omitempty"` // where the point was checked
}
