package metrics

// Stopped is what a search of the capacity knew when it was interrupted. Its
// JSON keys are part of the contract of Result.
type Stopped struct {
	Scenario string `json:"scenario"`
	Question string `json:"question,omitempty"`
	Seed     uint64 `json:"seed"`
	Version  string `json:"version"`
	Stopped  bool   `json:"stopped"` // true, which no Result has

	AtLeast int     `json:"agents_at_least"`        // largest number that passed below all that failed; 0 = none did
	Below   int     `json:"agents_below,omitempty"` // smallest number that failed; 0 = none did
	Search  []Phase `json:"search"`
}
