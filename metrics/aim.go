package metrics

import (
	"fmt"
	"slices"
	"strings"
)

// Aim is what mode auto looks for among deployments.
type Aim struct {
	Objective  string // one of Objectives; empty = PerMWDrawn
	Optimistic bool   // by the prediction itself; else by what three in four such predictions hold
}

// The objectives of mode auto: agents per megawatt that the accelerators draw, at
// the wall, or with the building; agents in all; agents for the money of an hour.
const (
	PerMWDrawn    = "per-mw"
	PerMWAtWall   = "per-mw-it"
	PerMWFacility = "per-mw-facility"
	AgentsInAll   = "agents"
	AgentsForCost = "cost"
)

// Objectives lists them.
func Objectives() []string {
	return []string{PerMWDrawn, PerMWAtWall, PerMWFacility, AgentsInAll, AgentsForCost}
}

// Validate reports an objective that there is none of.
func (a Aim) Validate() error {
	if a.Objective != "" && !slices.Contains(Objectives(), a.Objective) {
		return fmt.Errorf("%w: objective %q: want %s", ErrConfiguration, a.Objective, strings.Join(Objectives(), ", "))
	}
	return nil
}

// Nearest is how near a deployment is to public runs.
type Nearest struct {
	// Published says that every worker's width and way to spread was run in
	// public, be it with another engine, model or accelerator.
	Published bool   `json:"published"`
	Run       string `json:"run"`   // the nearest, of the pool that is farthest from any
	Level     string `json:"level"` // what of engine, model and accelerator is another there; empty = nothing

	Width float64 `json:"width_doublings"` // between their widths
	Batch float64 `json:"batch_doublings"` // of the mean batch beyond those run
	Slots float64 `json:"slots_doublings"` // of the batch limit beyond those run
	// Spread is what shape and batch add to the standard deviation of the
	// logarithm of step times.
	Spread float64 `json:"spread"`
}
