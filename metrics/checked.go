package metrics

import (
	"math"
	"slices"
)

// Checked is how far estimates of mean flows lie from short phases of the
// simulator, over a sample of them.
type Checked struct {
	Answers int     `json:"answers"`    // that both gave
	Off     float64 `json:"median_off"` // as a share of the simulated answer
	Most    float64 `json:"most_off"`

	// Steepness is the power of an estimated ratio that comes nearest to the
	// simulated ones: below 1 draws spread less than estimated.
	Steepness float64 `json:"steepness,omitempty"`
	// Ratio is that of the two scenarios of a comparison by short phases.
	Ratio float64 `json:"ratio,omitempty"`
}

// NewChecked says how far estimates are from what was simulated, pair by pair;
// nil for none. Pairs of which one serves nobody are left out.
func NewChecked(estimated, simulated []float64) *Checked {
	var offs []float64
	for i := range estimated {
		if estimated[i] > 0 && simulated[i] > 0 {
			offs = append(offs, math.Abs(estimated[i]/simulated[i]-1))
		}
	}
	if len(offs) == 0 {
		return nil
	}
	slices.Sort(offs)
	return &Checked{Answers: len(offs), Off: Quantile(offs, 0.5), Most: offs[len(offs)-1]}
}
