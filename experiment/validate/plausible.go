package validate

import (
	"fmt"
	"math"

	"agentsim/models/hardware"
)

// plausible refuses a measurement that cannot belong to the deployment it is
// filed under: less time between tokens than it takes to read the weights of
// the experts that a decode step needs, at peak bandwidth. How many sequences
// decode follows from the measured times by Little's law, where requests are of
// one length: agents wait for tools.
func (j *prepared) plausible(c *Case) error {
	tpot, ttft, x := c.Measured[TPOT]/milli, c.Measured[TTFT], j.config.LLM.Experts
	if tpot == 0 || x == nil || c.MTP || c.Agents() {
		return nil
	}
	decoding := tpot * float64(c.Output)
	batch := float64(c.Concurrency) / float64(c.Decode.Workers) * decoding / (decoding + ttft)
	// Evenly routed, which reads most; a quarter is left for popular experts.
	const margin = 0.75
	share := 1 - math.Pow(1-float64(x.TopK)/float64(x.Routed), batch)
	const matrices = 3
	weights := matrices * float64(j.config.LLM.Hidden) * float64(x.Inner*x.Routed) * float64(j.expertLayers()) *
		hardware.BytesPerWeight(j.config.Deployment.Precision.Experts)
	least := margin * share * weights / float64(c.Decode.Accelerators) / float64(j.system.Accelerator.HBM.Bandwidth)
	if tpot >= least {
		return nil
	}
	return fmt.Errorf("cannot be measured on this deployment: %.3g ms per token, "+
		"but %.0f sequences read expert weights for %.3g ms", tpot*milli, batch, least/margin*milli)
}

func (j *prepared) expertLayers() int {
	layers := 0
	for _, b := range j.config.LLM.Blocks {
		if b.HasExperts() {
			layers += b.Count
		}
	}
	return layers
}
