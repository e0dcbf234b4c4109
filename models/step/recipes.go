package step

import (
	"agentsim/fault"
	"agentsim/models/hardware"
)

// Recipes is what the public recipes of an engine set, for runs of which a table
// tells the shape alone.
type Recipes struct {
	Budget     int  `yaml:"budget,omitempty"`      // tokens of a rank in a step; 0 = the schedule's
	LongBudget int  `yaml:"long_budget,omitempty"` // the same where contexts are long and prompts split; 0 = budget
	Whole      bool `yaml:"whole,omitempty"`       // short prompts are not split: the budget holds one
	// PowersOfTwo has decode workers of their own capture a power of two as slots,
	// and offers up to a third more requests than fit.
	PowersOfTwo bool `yaml:"powers_of_two,omitempty"`
	// KV is the format of caches on accelerators without 4-bit arithmetic; empty =
	// fp8, as on the others.
	KV hardware.Format `yaml:"kv,omitempty"`
	// Poll is the steps between two looks at new requests, on NVIDIA's accelerators
	// with 4-bit arithmetic.
	Poll PollRecipe `yaml:"poll,omitempty"`
	// Balance is the steps after which a wait for prompts on all attention ranks
	// ends, where attention is data parallel; 0 = none.
	Balance int `yaml:"balance,omitempty"`
}

// PollRecipe is how often new requests are looked at.
type PollRecipe struct {
	Few  int `yaml:"few,omitempty"`  // steps, with few requests in flight; 0 = every step
	From int `yaml:"from,omitempty"` // requests in flight that are many
	Many int `yaml:"many,omitempty"` // steps, with many
	// Until is the first day on which recipes no longer set it; empty = they do.
	Until string `yaml:"until,omitempty"`
}

// At is the steps between two looks with so many requests in flight, on a day; an
// unknown day is empty.
func (p *PollRecipe) At(requests int, day string) int {
	switch {
	case p.Until != "" && day >= p.Until:
		return 0
	case requests < p.From:
		return p.Few
	}
	return p.Many
}

// BudgetFor is the most tokens of a step where the longest prompt of fixed length
// has so many; 0 = contexts are long.
func (r *Recipes) BudgetFor(prompt int) int {
	switch {
	case prompt == 0 && r.LongBudget > 0:
		return r.LongBudget
	case r.Whole:
		return max(r.Budget, prompt)
	}
	return r.Budget
}

// Validate reports counts below 0 and formats that nothing is kept in.
func (r *Recipes) Validate() error {
	var faults fault.List
	for _, c := range []struct {
		path  string
		value int
	}{{"budget", r.Budget}, {"long_budget", r.LongBudget}, {"poll.few", r.Poll.Few}, {"poll.from", r.Poll.From},
		{"poll.many", r.Poll.Many}, {"balance", r.Balance}} {
		faults.Check(c.value >= 0, c.path, c.value, "0 (none) or more")
	}
	faults.Check(r.KV == "" || hardware.BytesPerWeight(r.KV) > 0, "kv", string(r.KV), "a number format, such as bf16")
	return faults.Err()
}
