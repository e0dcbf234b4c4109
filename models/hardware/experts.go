package hardware

import (
	"cmp"
	"math"

	"agentsim/portable"
	"agentsim/units"
)

// ExpertWork is one layer's routed experts on the busiest rank in one step.
type ExpertWork struct {
	GroupTokens float64 // tokens entering the expert- or tensor-parallel group
	Sorted      float64 // tokens that the rank itself sorts by expert; 0 = all of GroupTokens
	Rows        float64 // (token, expert) pairs on the rank
	Distinct    float64 // experts whose weights the rank reads
	Hidden      int
	Inner       int
	Experts     int
	TopK        int
	TP          int // each expert is split over this many ranks
	EP          int // the experts are spread over this many groups of ranks
}

// SentShare is the share of the tokens of a group of ranks that reach one rank
// where each goes once to every rank with any of its topK experts, evenly
// routed: modelling.md eq. (9) over the number of ranks.
func SentShare(ranks, topK float64) float64 { return 1 - portable.Pow(1-1/ranks, topK) }

// weights is the size of one expert's part on the rank: gate, up and down.
func (w *ExpertWork) weights() float64 {
	return 3 * float64(w.Hidden) * float64(w.Inner) / float64(max(w.TP, 1))
}

// Work counts the useful FLOPs and the weight bytes of w: modelling.md eq. (5).
func (e ExpertKernel) Work(w ExpertWork) (flops, bytes float64) { return e.work(&w) }

func (e *ExpertKernel) work(w *ExpertWork) (flops, bytes float64) {
	return 2 * w.Rows * w.weights(), w.Distinct * w.weights() * BytesPerWeight(e.Weights)
}

// Seconds is the time of w on accelerator a: on a curve where one was measured
// for the model's shape, else by the roofline, else on the nearest curve.
func (e ExpertKernel) Seconds(w ExpertWork, a Accelerator) float64 {
	return e.SecondsAt(&w, a.Compute[e.Compute], &a)
}

// SecondsAt is Seconds for who asks in every step, with the accelerator's peak
// rate of the kernel's compute format looked up.
func (e *ExpertKernel) SecondsAt(w *ExpertWork, peak units.FLOPRate, a *Accelerator) float64 {
	if w.Rows <= 0 {
		return 0
	}
	slower := cmp.Or(e.Slower, 1)
	if c := e.curveFor(w); c != nil {
		return slower * e.onCurve(c, w, a)
	}
	return slower * e.Roofline.Seconds(e.rooflineWork(w), peak, a.HBM.Bandwidth)
}

// RooflineWork is w as the roofline sees it: rows per expert; the activations
// of every (token, expert) pair streamed in, between the two GEMMs and out; a
// unit is one token that the rank sorts: every one of the group where all ranks
// hold them, one that was sent to it behind a dispatch; a group is an expert,
// whose tiles are set up however few its rows.
func (e ExpertKernel) RooflineWork(w ExpertWork) RooflineWork { return e.rooflineWork(&w) }

func (e *ExpertKernel) rooflineWork(w *ExpertWork) RooflineWork {
	flops, bytes := e.work(w)
	inner := float64(w.Inner) / float64(max(w.TP, 1))
	perPair := float64(w.Hidden)*(activationBytes(e.Compute)+bytesBF16) + inner*(bytesBF16Pass+activationBytes(e.Compute))
	sorted := w.Sorted
	if sorted == 0 {
		sorted = w.GroupTokens
	}
	return RooflineWork{
		FLOPs:    flops,
		Bytes:    bytes,
		Rows:     w.Rows / max(w.Distinct, 1),
		Units:    sorted,
		Groups:   w.Distinct,
		Streamed: w.Rows * perPair,
	}
}

// activationBytes is the size of an activation that enters a GEMM.
func activationBytes(compute Format) float64 {
	if compute == BF16 {
		return bytesBF16
	}
	return BytesPerWeight(compute)
}

// curveFor is the curve of the model's shape with the nearest tp and ep; without
// a roofline, other shapes count too, behind tp and ep. It is nil for none.
func (e *ExpertKernel) curveFor(w *ExpertWork) *ExpertCurve {
	var best *ExpertCurve
	distance := math.Inf(1)
	for i := range e.Curves {
		c := &e.Curves[i]
		if e.Roofline != nil && !c.shaped(w) {
			continue
		}
		d := logRatio(c.TP, w.TP) + logRatio(c.EP, w.EP) + logRatio(c.Hidden*c.Inner, w.Hidden*w.Inner)/10
		if d < distance {
			best, distance = c, d
		}
	}
	return best
}

func (c *ExpertCurve) shaped(w *ExpertWork) bool {
	return c.Hidden == w.Hidden && c.Inner == w.Inner && c.Experts == w.Experts && c.TopK == w.TopK
}

func logRatio(a, b int) float64 {
	return math.Abs(portable.Log(float64(max(a, 1)) / float64(max(b, 1))))
}

// weightShare is the part of a grouped GEMM's time that its weights take:
// the cubic soft roofline of modelling.md 1.5 at peak rates.
const weightShareExponent = 3

// onCurve reads the curve at the same rows per expert and scales what lies
// above its floor: by the weights read while those bound it, by FLOPs beyond.
func (e *ExpertKernel) onCurve(c *ExpertCurve, w *ExpertWork, a *Accelerator) float64 {
	density := float64(w.TopK) / float64(w.Experts) * float64(c.Experts) / float64(c.TopK)
	tokens := w.GroupTokens * density
	reference := c.work(tokens)
	flops, bytes := e.work(w)
	flopsThere, bytesThere := e.work(&reference)
	balance := e.Balance
	if balance == 0 {
		balance = e.BalanceOn(*a)
	}
	byWeights := portable.Pow(bytesThere*balance, weightShareExponent)
	byFLOPs := portable.Pow(flopsThere, weightShareExponent)
	share := byWeights / (byWeights + byFLOPs)
	scale := share*bytes/bytesThere + (1-share)*flops/flopsThere
	floor := float64(c.Floor)
	return floor + (c.at(tokens)-floor)*scale
}

// BalanceOn is the Balance of an accelerator.
func (e ExpertKernel) BalanceOn(a Accelerator) float64 {
	return float64(a.Compute[e.Compute]) / float64(a.HBM.Bandwidth)
}

// work is what the measured rank did at this many tokens: balanced routing
// deals the pairs out over the experts one by one.
func (c *ExpertCurve) work(tokens float64) ExpertWork {
	pairs := tokens * float64(c.TopK)
	groups := float64(max(c.EP, 1))
	return ExpertWork{
		GroupTokens: tokens,
		Rows:        pairs / groups,
		Distinct:    max(1, min(pairs, float64(c.Experts))/groups),
		Hidden:      c.Hidden,
		Inner:       c.Inner,
		Experts:     c.Experts,
		TopK:        c.TopK,
		TP:          c.TP,
		EP:          c.EP,
	}
}

// at is the measured time, log-log between points. Below the first point it
// stays; beyond the last it grows with the tokens.
func (c *ExpertCurve) at(tokens float64) float64 {
	last := len(c.Tokens) - 1
	if tokens > c.Tokens[last] {
		floor := float64(c.Floor)
		return floor + (float64(c.Time[last])-floor)*tokens/c.Tokens[last]
	}
	i, share := bracket(c.Tokens, tokens)
	return blend(float64(c.Time[i]), float64(c.Time[next(i, c.Tokens)]), share)
}
