package validate

import (
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// quantity is what a metric tells of: metrics of one quantity share their
// errors. Requests of fixed length with speculative decoding are kept apart,
// since the tables do not record its depth.
func quantity(c *Comparison) string {
	load := c.Load
	if load != agentsLoad && c.MTP {
		load = draftLoad
	}
	first, late := "first", "late"
	total, requests := "throughput", "throughput" // of a fixed length three ways to say one thing
	if load == agentsLoad {                       // contexts, answers and calls err in ways of their own
		total, requests = "total", "requests"
	}
	if c.Mode == disaggregated { // the wait between two pools is another thing than that of one
		first, late = "handed", "handed-late"
	}
	return load + "." + map[string]string{
		TotalThroughput.String():  total,
		OutputThroughput.String(): "throughput",
		Requests.String():         requests,
		TPOTMean.String():         "decode",
		TPOT.String():             "decode",
		TPOTSlow.String():         "decode",
		TPOTLate.String():         "decode",
		TPOTTail.String():         "decode",
		Step.String():             "step",
		TTFTMean.String():         first,
		TTFT.String():             "first-median", // of both: those that wait between pools move a mean, and few medians
		TTFTSlow.String():         late,
		TTFTLate.String():         late,
		TTFTTail.String():         late,
		Hit.String():              "hit",
		Power.String():            "watts",
		Energy.String():           "joules",
	}[c.Metric]
}

func (c *Comparison) share() bool { return c.Metric == Hit.String() }

// off is the error that hierarchies are made of: a logarithm, or of a share the
// difference.
func (c *Comparison) off() float64 {
	if c.share() {
		return c.Predicted - c.Measured
	}
	return math.Log(c.Predicted / c.Measured)
}

// usable says whether the error is a number: a prediction of nothing has none.
func (c *Comparison) usable() bool { return c.share() || c.Predicted > 0 }

// draftLoad is requests of fixed length with speculative decoding.
const draftLoad = "draft"

// accelerators loads accelerators by the names of their systems.
type accelerators map[string]*hardware.System

func (a accelerators) stack(c *Comparison) (*configs.Stack, error) {
	system, err := load(a, "systems", c.System)
	if err != nil {
		return nil, err
	}
	return &configs.Stack{
		Engine:      c.Engine,
		Accelerator: &system.Accelerator,
		Model:       c.Model,
		Date:        c.Date,
	}, nil
}

// bound gives every comparison the interval of its stack.
func (r *Result) bound(a *configs.Accuracy) {
	if a == nil {
		return
	}
	systems := accelerators{}
	for i := range r.Cases {
		c := &r.Cases[i]
		stack, err := systems.stack(c)
		if err != nil || !c.usable() {
			continue
		}
		e, ok := a.Of(quantity(c), stack)
		if !ok {
			continue
		}
		low, high := c.at(e.At(1)), c.at(e.At(-1))
		inside := low <= c.Measured && c.Measured <= high
		c.P10, c.P90, c.Inside = &low, &high, &inside
	}
	r.Coverage = coverage(r.Cases)
}

// at is what will be measured if the error is so much.
func (c *Comparison) at(off float64) float64 {
	if c.share() {
		return min(1, max(0, c.Predicted-off))
	}
	return c.Predicted * math.Exp(-off)
}

func coverage(cases []Comparison) map[string]Coverage {
	all := map[string]Coverage{}
	for _, m := range Metrics() {
		var found Coverage
		var widths []float64
		for i := range cases {
			c := &cases[i]
			if c.Metric != m.String() || c.Inside == nil {
				continue
			}
			found.N++
			if *c.Inside {
				found.Inside++
			}
			width := *c.P90 / *c.P10
			if c.share() {
				width = *c.P90 - *c.P10
			}
			widths = append(widths, width)
		}
		if found.N > 0 {
			slices.Sort(widths)
			found.Inside /= float64(found.N)
			found.Width = middle(widths)
			all[m.String()] = found
		}
	}
	return all
}
