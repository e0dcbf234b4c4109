package serve

import (
	"math/rand/v2"

	"agentsim/sim"
)

// draws makes the random choices of a run. Every draw is keyed by what it is
// for, so that two clusters with the same seed see the same luck.
type draws struct {
	seed   uint64
	source rand.PCG
}

// next is a uniform number in [0, 1).
func (d *draws) next() float64 { return float64(d.source.Uint64()>>11) / (1 << 53) }

// uniform draws one number in [0, 1) for an agent and a purpose.
func (d *draws) uniform(purpose string, agent int32, k int) float64 {
	sim.Rekey(&d.source, d.seed, purpose, uint64(agent), uint64(k))
	return d.next()
}
