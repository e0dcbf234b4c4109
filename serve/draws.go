package serve

import (
	"math/rand/v2"

	"agentsim/sim"
)

// draws holds the random choices of a run. Every draw is keyed by what it is
// for, so that two clusters with the same seed see the same luck.
type draws struct {
	seed   uint64
	source rand.PCG
	accept []float64 // chance that at least i+1 draft tokens are accepted in a step
}

func newDraws(cfg *Config) draws {
	d := draws{seed: cfg.Seed}
	pools := cfg.Deployment.Pools()
	depth := pools[len(pools)-1].Spec.DraftTokens
	before := 1.0
	for _, tokens := range cfg.LLM.Acceptance[:min(depth, len(cfg.LLM.Acceptance))] {
		d.accept = append(d.accept, max(0, tokens-before))
		before = tokens
	}
	return d
}

// steps draws how many decode steps a call needs for so many tokens: each
// step yields one token and the accepted prefix of its draft.
func (d *draws) steps(id int32, a *call, tokens int) int64 {
	if len(d.accept) == 0 {
		return int64(tokens)
	}
	sim.Rekey(&d.source, d.seed, "acceptance", uint64(id), uint64(a.k), uint64(a.turn))
	steps := int64(0)
	for tokens > 0 {
		u := float64(d.source.Uint64()>>11) / (1 << 53)
		tokens--
		for i := 0; i < len(d.accept) && u < d.accept[i]; i++ {
			tokens--
		}
		steps++
	}
	return steps
}

// uniform draws one number in [0, 1) for an agent and a purpose.
func (d *draws) uniform(purpose string, agent int32, k int) float64 {
	sim.Rekey(&d.source, d.seed, purpose, uint64(agent), uint64(k))
	return float64(d.source.Uint64()>>11) / (1 << 53)
}
