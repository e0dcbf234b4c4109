package metrics

// Caps is what racks hold that stand in the power of fewer, by how their
// accelerators share it.
type Caps struct {
	Scenario string      `json:"scenario"`
	Racks    int         `json:"racks"`
	Within   int         `json:"within"`     // racks whose nameplate they share
	RackCapW float64     `json:"rack_cap_w"` // of each, at the wall
	Uncapped CapPolicy   `json:"uncapped"`
	Policies []CapPolicy `json:"policies"` // the one that serves most agents first
}

// CapPolicy is one way to give out the watts of a rack.
type CapPolicy struct {
	Policy    string             `json:"policy"` // none | uniform | decode-first | prefill-first | energy-aware
	CapsW     map[string]float64 `json:"caps_w"` // of an accelerator, by pool
	Agents    float64            `json:"agents"` // of the scenario's deployment
	Kept      float64            `json:"kept"`   // share of the agents without a cap
	Fleet     float64            `json:"fleet"`  // agents of all racks over those of the racks that had the power
	TurnsPerS float64            `json:"turns_per_s"`
	RackW     float64            `json:"rack_w"` // a rack draws at the wall
	Limit     string             `json:"limit"`
	Settings  []string           `json:"settings"` // that make a scenario of it, as --set takes them
}
