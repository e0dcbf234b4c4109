package configs

import (
	"fmt"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
)

// Runs is where public runs lie that predictions were held against: which
// workers, on what, at what batch. It holds none of their figures.
type Runs struct {
	Name    string           `yaml:"name"`
	Date    string           `yaml:"date"` // of the table, as in 2026-11-30
	Spread  RunSpread        `yaml:"spread"`
	Workers []RunWorker      `yaml:"workers"`
	Sources hardware.Sources `yaml:"sources,omitempty"`
}

// RunSpread is how the errors of step times differ between runs of one stack, as
// standard deviations of their logarithm beyond those of equal runs.
type RunSpread struct {
	Batch float64 `yaml:"batch"` // whose batches are apart by a factor of two; grows with the root of doublings
	Width float64 `yaml:"width"` // whose workers are
	Kind  float64 `yaml:"kind"`  // whose workers spread in another way
}

// RunWorker is a kind of worker that public runs had.
type RunWorker struct {
	Engine       string `yaml:"engine"` // family
	Model        string `yaml:"model"`  // family
	Accelerator  string `yaml:"accelerator"`
	Role         string `yaml:"role"`         // prefill | decode | aggregated
	Spread       string `yaml:"spread"`       // how it spreads over them, as in dp ep8
	Accelerators int    `yaml:"accelerators"` // of one worker
	Batch        []int  `yaml:"batch"`        // fewest and most requests in flight a rank; none = no batch of its own
	Runs         int    `yaml:"runs"`
}

// Validate reports figures that cannot be.
func (r *Runs) Validate() error {
	var faults fault.List
	faults.Check(min(r.Spread.Batch, r.Spread.Width, r.Spread.Kind) >= 0, "spread", r.Spread, "0 or more")
	for i := range r.Workers {
		w, at := &r.Workers[i], fmt.Sprintf("workers[%d].", i)
		faults.Check(w.Accelerators > 0, at+"accelerators", w.Accelerators, "1 or more")
		faults.Check(w.Runs > 0, at+"runs", w.Runs, "1 or more")
		rising := len(w.Batch) == 2 && w.Batch[0] > 0 && w.Batch[0] <= w.Batch[1]
		faults.Check(len(w.Batch) == 0 || rising, at+"batch", w.Batch, "none, or the fewest and the most")
	}
	return faults.Err()
}

// SpreadStyle is a way to spread without its numbers: experts over all of a worker or
// over parts of it, attention over all of it, over none, or in groups.
func SpreadStyle(spread string, accelerators int) string {
	stages := 1
	words := strings.Fields(spread)
	for _, w := range words {
		_, _ = fmt.Sscanf(w, "pp%d", &stages)
	}
	for i, w := range words {
		n := 0
		switch {
		case strings.HasPrefix(w, "tp"):
			words[i] = "tp"
		case strings.HasPrefix(w, "pp"):
			words[i] = "pp"
		case strings.HasPrefix(w, "ep"):
			if _, err := fmt.Sscanf(w, "ep%d", &n); err == nil && n*stages == accelerators {
				words[i] = "ep"
			} else {
				words[i] = "ep of parts"
			}
		}
	}
	return strings.Join(words, " ")
}

// PublicRuns are the runs that this version's accuracy was fitted to.
func PublicRuns() (*Runs, error) {
	r, _, err := LoadPreset[Runs](Presets(), "runs", "public", nil)
	return r, err
}

// PublicAccuracy is how far predictions of them were off.
func PublicAccuracy() (*Accuracy, error) {
	a, _, err := LoadPreset[Accuracy](Presets(), "accuracy", "serving", nil)
	return a, err
}
