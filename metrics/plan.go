package metrics

// Plan is which systems a budget could be spent on, the one that holds most
// agents first.
type Plan struct {
	Budget  PlanBudget    `json:"budget"`
	Options []*PlanOption `json:"options"`
	LeftOut []PlanLeftOut `json:"left_out,omitempty"`
}

// PlanBudget is what may be spent.
type PlanBudget struct {
	MW       float64 `json:"mw,omitempty"`
	Boundary string  `json:"boundary"` // accelerator | it | facility: whose watts, as drawn
	Racks    int     `json:"racks,omitempty"`
	Money    float64 `json:"money,omitempty"` // an hour
}

// PlanOption is a fleet of one system.
type PlanOption struct {
	System       string    `json:"system"`
	Engine       string    `json:"engine"`
	Units        int       `json:"units"` // whole systems, spares among them
	SpareUnits   int       `json:"spare_units"`
	Accelerators int       `json:"accelerators"`
	Agents       Quantiles `json:"agents"`          // served by the units that are no spares
	Estimate     float64   `json:"agents_estimate"` // with every input as the presets have it
	MW           float64   `json:"mw"`              // within the boundary, as drawn with all units serving
	Headroom     float64   `json:"headroom"`        // share of the budget that is left
	ShareBelow   float64   `json:"share_below"`     // of the time at which units are missing that serve the agents
	Deployment   string    `json:"deployment"`      // of a unit
	Limit        string    `json:"limit"`           // what stands in the way of more agents on a unit
	Unit         PlanUnit  `json:"unit"`

	Classes []PlanClass `json:"classes,omitempty"` // of a mixed fleet, each on units of its own
}

// PlanClass is a share of all agents and the units that serve it.
type PlanClass struct {
	Scenario   string    `json:"scenario"`
	Share      float64   `json:"share"` // of all agents
	Units      int       `json:"units"`
	Agents     Quantiles `json:"agents"` // that the units hold
	MW         float64   `json:"mw"`
	Engine     string    `json:"engine"`
	Deployment string    `json:"deployment"`
	Limit      string    `json:"limit"`
}

// PlanUnit is one system of a fleet.
type PlanUnit struct {
	Agents        float64 `json:"agents"`
	AcceleratorMW float64 `json:"accelerator_mw"`
	ITMW          float64 `json:"it_mw"`
	FacilityMW    float64 `json:"facility_mw"`
	ProvisionedMW float64 `json:"provisioned_mw"` // nameplate
	Hour          float64 `json:"per_hour,omitempty"`
}

// PlanLeftOut is a system that the budget cannot be spent on.
type PlanLeftOut struct {
	System string `json:"system"`
	Why    string `json:"why"`
}
