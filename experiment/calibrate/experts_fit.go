package calibrate

import (
	"math"
	"slices"
	"strings"

	"agentsim/models/hardware"
	"agentsim/units"
)

func expertTerms(fused bool) terms {
	if fused { // routing and activations pass inside the kernel
		return terms{rows: true}
	}
	const perToken, perExpert = 1e-8, 3e-7
	return terms{perUnit: perToken, perGroup: perExpert, streamed: true, rows: true}
}

func fitExperts(k *hardware.KernelSet, s *scope, group string, samples []sample) {
	_, weights, compute := expertFormats(samples[0].dtype)
	e := hardware.ExpertKernel{
		Weights: weights,
		Compute: compute,
		Kernel:  samples[0].kernel,
		Fused:   group == megaMoE,
		Sent:    group == deepEP,
	}
	if strings.HasPrefix(group, marlin) {
		e.Weights, e.Curves = hardware.MXFP4, curves(samples)
	}
	r := fitRoofline(expertTerms(e.Fused), s.accelerator.Compute[compute], s.accelerator.HBM.Bandwidth, samples)
	e.Roofline = &r
	k.Experts[group] = e
}

// priceExperts prefers the kernel of the same name, then the path.
func priceExperts(k *hardware.KernelSet, s *scope, x *sample) (float64, bool) {
	e, ok := k.Experts[x.group]
	plain, weights, _ := expertFormats(x.dtype)
	if !ok || e.Kernel != x.kernel {
		for _, name := range sortedKeys(k.Experts) {
			if o := k.Experts[name]; o.Kernel == x.kernel && o.Weights == weights {
				return o.Seconds(x.experts, s.accelerator), true
			}
		}
	}
	if !ok {
		if e, ok = k.ExpertsFor(plain, x.experts.EP); !ok {
			return 0, false
		}
	}
	return e.Seconds(x.experts, s.accelerator), true
}

// megaMoE is the path of the kernel that holds dispatch, both GEMMs and
// combine.
const megaMoE = "megamoe-w4a8"

func readMegaMoE(c *columns, s *scope) batch {
	var b batch
	dtype, kernel, distribution := c.text("moe_dtype"), c.text("kernel_source"), c.text("distribution")
	tokens, hidden, inner := c.positive("global_num_tokens"), c.positive("hidden_size"), c.positive("inter_size")
	topK, experts, ep := c.positive("topk"), c.positive("num_experts"), c.positive("moe_ep_size")
	for i, seconds := range c.latency() {
		w := hardware.ExpertWork{
			GroupTokens: tokens[i],
			Hidden:      int(hidden[i]),
			Inner:       int(inner[i]),
			Experts:     int(experts[i]),
			TopK:        int(topK[i]),
			TP:          1,
			EP:          int(ep[i]),
		}
		if err := s.route(&w, distribution[i]); err != nil {
			b.drop("distribution " + distribution[i] + ": " + err.Error())
			continue
		}
		b.keep(sample{
			group:   megaMoE,
			seconds: seconds,
			kernel:  kernel[i],
			dtype:   dtype[i],
			experts: w,
			work:    hardware.ExpertKernel{Weights: hardware.MXFP4, Compute: hardware.FP8}.RooflineWork(w),
		})
	}
	return b
}

// deepEP is the path of the kernels that run behind a dispatch, on the tokens
// sent to the rank.
const deepEP = "fp8-deepep"

// readSent reads the experts of one rank of a wide group. Under uneven routing
// the rows are those of the first rank, whose load nobody recorded.
func readSent(c *columns, _ *scope) batch {
	var b batch
	dtype, kernel, distribution := c.text("moe_dtype"), c.text("kernel_source"), c.text("distribution")
	tokens, hidden, inner := c.positive("num_tokens"), c.positive("hidden_size"), c.positive("inter_size")
	topK, experts, ep := c.positive("topk"), c.positive("num_experts"), c.positive("moe_ep_size")
	for i, seconds := range c.latency() {
		if distribution[i] != "uniform" {
			b.drop("distribution " + distribution[i] + ": of the first rank, whose load is not recorded")
			continue
		}
		pairs := tokens[i] * topK[i]
		w := hardware.ExpertWork{
			GroupTokens: tokens[i],
			Sorted:      tokens[i] * hardware.SentShare(ep[i], topK[i]),
			Rows:        max(1, pairs/ep[i]),
			Distinct:    max(1, min(pairs, experts[i])/ep[i]),
			Hidden:      int(hidden[i]),
			Inner:       int(inner[i]),
			Experts:     int(experts[i]),
			TopK:        int(topK[i]),
			TP:          1,
			EP:          int(ep[i]),
		}
		_, weights, compute := expertFormats(dtype[i])
		b.keep(sample{
			group:   deepEP,
			seconds: seconds,
			kernel:  kernel[i],
			dtype:   dtype[i],
			experts: w,
			work:    hardware.ExpertKernel{Weights: weights, Compute: compute}.RooflineWork(w),
		})
	}
	return b
}

// balanced is the routing that deals pairs out one by one.
const balanced = "balanced"

// curveShape is what one measured curve belongs to.
type curveShape struct{ hidden, inner, experts, topK, tp, ep int }

// wanted says which shapes get curves: the models that are published with
// 4-bit experts (DeepSeek-V4-Pro and -Flash, Kimi K2), on a node or two.
func (s curveShape) wanted() bool {
	switch [4]int{s.hidden, s.inner, s.experts, s.topK} {
	case [4]int{7168, 3072, 384, 6}, [4]int{4096, 2048, 256, 6}, [4]int{7168, 2048, 384, 8}:
		return (s.tp == 1 || s.ep == 1) && slices.Contains([]int{4, 8, 16}, s.tp*s.ep)
	}
	return false
}

// curves derives one curve per shape from balanced samples; of several
// versions the first in the list (the newest) counts.
func curves(samples []sample) []hardware.ExpertCurve {
	at := map[curveShape]map[float64]float64{}
	var order []curveShape
	for _, x := range samples {
		w := x.experts
		shape := curveShape{w.Hidden, w.Inner, w.Experts, w.TopK, w.TP, w.EP}
		if x.routing != balanced || !shape.wanted() {
			continue
		}
		if at[shape] == nil {
			at[shape] = map[float64]float64{}
			order = append(order, shape)
		}
		if _, known := at[shape][w.GroupTokens]; !known {
			at[shape][w.GroupTokens] = x.seconds
		}
	}
	slices.SortFunc(order, func(a, b curveShape) int {
		return slices.Compare(a.list(), b.list())
	})
	var out []hardware.ExpertCurve
	for _, shape := range order {
		out = append(out, shape.curve(at[shape]))
	}
	return out
}

func (s curveShape) list() []int { return []int{s.hidden, s.inner, s.experts, s.topK, s.tp, s.ep} }

// straight is how far a point may lie from the line between its neighbours, in
// log space, and be left out of a curve.
const straight = 0.04

// curve keeps the points that a log-log interpolation needs. A time below that
// of fewer tokens is a kernel switch the engine would avoid; it is lifted.
func (s curveShape) curve(seconds map[float64]float64) hardware.ExpertCurve {
	tokens := sortedKeys(seconds)
	times := make([]float64, len(tokens))
	for i, n := range tokens {
		times[i] = seconds[n]
		if i > 0 {
			times[i] = max(times[i], times[i-1])
		}
	}
	c := hardware.ExpertCurve{
		Hidden:  s.hidden,
		Inner:   s.inner,
		Experts: s.experts,
		TopK:    s.topK,
		TP:      s.tp,
		EP:      s.ep,
		Floor:   units.Seconds(round(curveFloor(times))),
	}
	for _, i := range corners(tokens, times, 0, len(tokens)-1) {
		c.Tokens = append(c.Tokens, tokens[i])
		c.Time = append(c.Time, units.Seconds(round(times[i])))
	}
	return c
}

// Bounds of a curve's floor as fractions of its first time, which one token
// takes: even that one reads some experts.
const (
	leastFloor = 0.3
	mostFloor  = 0.9
)

// curveFloor extends the first two points, of one and two tokens, to none.
func curveFloor(times []float64) float64 {
	floor := times[0]
	if len(times) > 1 {
		floor -= times[1] - times[0]
	}
	return min(max(floor, leastFloor*times[0]), mostFloor*times[0])
}

// corners picks indices between first and last so that straight lines between
// them, in log space, miss no point by more than straight.
func corners(x, y []float64, first, last int) []int {
	worst, at := straight, -1
	for i := first + 1; i < last; i++ {
		share := math.Log(x[i]/x[first]) / math.Log(x[last]/x[first])
		line := math.Log(y[first]) + share*math.Log(y[last]/y[first])
		if miss := math.Abs(math.Log(y[i]) - line); miss > worst {
			worst, at = miss, i
		}
	}
	if at < 0 {
		return slices.Compact([]int{first, last})
	}
	left := corners(x, y, first, at)
	return append(left[:len(left)-1], corners(x, y, at, last)...)
}
