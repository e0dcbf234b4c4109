package metrics

// WhatIf sets a scenario beside the one it extends.
type WhatIf struct {
	Scenario string `json:"scenario"`
	Extends  string `json:"extends"`
	Question string `json:"question,omitempty"`
	Answer   string `json:"answer,omitempty"`  // as the scenario's author puts it
	Because  string `json:"because,omitempty"` // likewise

	Base   *Result `json:"base"` // of the scenario that is extended
	Result *Result `json:"result"`
	Ratio  Ratios  `json:"ratio"`

	// RatioInterval is where the ratio per megawatt of accelerator power lies by
	// the errors of the model.
	RatioInterval *Quantiles `json:"ratio_interval,omitempty"`
}

// Ratios are figures of one result over those of another.
type Ratios struct {
	Agents         float64 `json:"agents"`
	PerAccelerator float64 `json:"agents_per_accelerator"`
	PerMW          PerMW   `json:"agents_per_mw"`
	AcceleratorW   float64 `json:"accelerator_w"` // of one accelerator
}

// Over compares two capacities.
func (r *Result) Over(base *Result) Ratios {
	a, b := r.Capacity, base.Capacity
	return Ratios{Agents: float64(a.Agents) / float64(b.Agents), PerAccelerator: a.PerAccelerator / b.PerAccelerator,
		PerMW: PerMW{
			AcceleratorMeasured: a.PerMW.AcceleratorMeasured / b.PerMW.AcceleratorMeasured,
			AcceleratorTDP:      a.PerMW.AcceleratorTDP / b.PerMW.AcceleratorTDP,
			IT:                  a.PerMW.IT / b.PerMW.IT,
			Facility:            a.PerMW.Facility / b.PerMW.Facility,
			Provisioned:         a.PerMW.Provisioned / b.PerMW.Provisioned,
		},
		AcceleratorW: r.Power.PerAcceleratorW / base.Power.PerAcceleratorW}
}
