package validate

import (
	"cmp"
	"math"
	"slices"
)

// Factor is the one number that may be fitted to serving runs: by how much the
// kernels of an engine on a family of accelerators are faster or slower in
// service than in the tables. It belongs in the kernel presets of the engine on
// these accelerators, as their efficiency.
type Factor struct {
	Engine       string   `json:"engine"`
	Family       string   `json:"family"`
	Accelerators []string `json:"accelerators"` // that it holds for
	Efficiency   float64  `json:"efficiency"`   // that would centre the errors
	Points       int      `json:"points"`
	MAPE         float64  `json:"mape"` // of step time and throughput at the present efficiency
	MaxError     float64  `json:"max_error"`
}

// factors finds, per engine and family, the efficiency at which half of the
// predictions are too fast: of the time between tokens and of throughput, in
// cases without speculative decoding.
func (b *batch) factors() []Factor {
	var list []Factor
	var slow [][]float64 // logarithm of predicted over measured time
	for i := range b.cases {
		c, job := &b.cases[i], b.jobs[i]
		if job.why != "" || c.MTP {
			continue
		}
		name := job.system.Accelerator.Name
		f := Factor{Engine: c.Engine, Family: job.system.Accelerator.Family()}
		k := slices.IndexFunc(list, func(g Factor) bool { return g.Engine == f.Engine && g.Family == f.Family })
		if k < 0 {
			k = len(list)
			list, slow = append(list, f), append(slow, nil)
		}
		if !slices.Contains(list[k].Accelerators, name) {
			list[k].Accelerators = append(list[k].Accelerators, name)
		}
		list[k].Efficiency = job.efficiency()
		if m := c.Measured[TPOT]; m > 0 {
			slow[k] = append(slow[k], math.Log(b.predicted[i][TPOT]/m))
		}
		if m := c.Measured[TotalThroughput]; m > 0 {
			slow[k] = append(slow[k], math.Log(m/b.predicted[i][TotalThroughput]))
		}
	}
	for k := range list {
		list[k].centre(slow[k])
	}
	list = slices.DeleteFunc(list, func(f Factor) bool { return f.Points == 0 })
	slices.SortFunc(list, func(f, g Factor) int {
		return cmp.Or(cmp.Compare(f.Engine, g.Engine), cmp.Compare(f.Family, g.Family))
	})
	return list
}

func (f *Factor) centre(slow []float64) {
	f.Points = len(slow)
	slices.Sort(f.Accelerators)
	if f.Points == 0 {
		return
	}
	for _, x := range slow {
		off := math.Abs(math.Expm1(x))
		f.MAPE += off / float64(f.Points)
		f.MaxError = max(f.MaxError, off)
	}
	f.Efficiency *= math.Exp(middle(slow))
}

// efficiency is that of the engine on the accelerator of the case.
func (j *prepared) efficiency() float64 { return j.config.Kernels.Efficiency }
