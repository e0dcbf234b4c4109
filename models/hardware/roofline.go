package hardware

import (
	"math"

	"agentsim/portable"
	"agentsim/units"
)

// Seconds is the time of w at a peak compute rate and memory bandwidth. Work
// that needs a rate of 0 takes forever.
func (r Roofline) Seconds(w RooflineWork, peak units.FLOPRate, bandwidth units.ByteRate) float64 {
	t := float64(r.Floor) + float64(r.PerUnit)*w.Units + float64(r.PerGroup)*w.Groups
	if r.StreamEfficiency > 0 && w.Streamed > 0 {
		t += w.Streamed / (float64(bandwidth) * r.StreamEfficiency)
	}
	return t + softMax(r.compute(w, peak), r.memory(w, bandwidth), r.Exponent)
}

func (r Roofline) compute(w RooflineWork, peak units.FLOPRate) float64 {
	if w.FLOPs <= 0 {
		return 0
	}
	efficiency := r.ComputeEfficiency
	if r.HalfRows > 0 {
		efficiency *= w.Rows / (w.Rows + r.HalfRows)
	}
	return w.FLOPs / (float64(peak) * efficiency)
}

func (r Roofline) memory(w RooflineWork, bandwidth units.ByteRate) float64 {
	if w.Bytes <= 0 {
		return 0
	}
	return w.Bytes / (float64(bandwidth) * r.MemoryEfficiency)
}

// softMax is (a^p + b^p)^(1/p); p = 0 means max(a, b).
func softMax(a, b, p float64) float64 {
	high, low := max(a, b), min(a, b)
	switch {
	case p == 0 || low <= 0 || math.IsInf(high, 1):
		return high
	case p == 1:
		return high + low
	}
	// Powers of numbers above 0, as math.Pow gives them to the last digit or two,
	// at half the price.
	return high * portable.Exp(portable.Log(1+portable.Exp(p*portable.Log(low/high)))/p)
}
