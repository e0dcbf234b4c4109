package metrics

// ModelInterval is where an answer lies by what predictions of public runs were
// off, and by the ranges of the inputs: P10, P50 and P90. It is the error of
// the model; Capacity.AgentsLow and AgentsHigh are that of the sample alone.
type ModelInterval struct {
	Agents         Quantiles      `json:"agents"`
	PerAccelerator Quantiles      `json:"agents_per_accelerator"`
	PerMW          PerMWQuantiles `json:"agents_per_mw"`

	Draws      int            `json:"draws"`
	Infeasible float64        `json:"infeasible_share"` // of the draws; they are left out of the quantiles
	Stack      StackBasis     `json:"stack"`
	Parts      []IntervalPart `json:"parts,omitempty"` // where asked for

	Sample []Answer `json:"-"` // one a draw; 0 agents where the draw serves nobody
}

// PerMWQuantiles is agents per megawatt under several meanings of the megawatt.
type PerMWQuantiles struct {
	AcceleratorMeasured Quantiles `json:"accelerator_measured"`
	AcceleratorTDP      Quantiles `json:"accelerator_tdp"`
	IT                  Quantiles `json:"it"`
	Facility            Quantiles `json:"facility"`
	Provisioned         Quantiles `json:"provisioned"`
}

// StackBasis is what the error of the step rests on.
type StackBasis struct {
	Stack  string  `json:"stack"`
	Level  string  `json:"level"`  // the narrowest level with public runs: engine … release; empty = none
	Rows   int     `json:"rows"`   // runs there
	Own    bool    `json:"own"`    // the stack itself has runs
	Early  bool    `json:"early"`  // software within weeks of a new model or accelerator
	Slower float64 `json:"slower"` // measured over predicted step time at the centre
	Spread float64 `json:"spread"` // factor from P10 to P90 of it
}

// IntervalPart is what one kind of doubt alone does to agents per accelerator
// and per megawatt of accelerator power.
type IntervalPart struct {
	Part           string    `json:"part"` // stack | kernels | workload | cache policy | structure | drafts
	Inputs         int       `json:"inputs"`
	PerAccelerator Quantiles `json:"agents_per_accelerator"`
	PerMW          Quantiles `json:"agents_per_mw"`
}
