package hardware

import (
	"fmt"
	"maps"
	"slices"
	"sort"
)

// Validate returns every fault of the kernel set, joined; each is a *FieldError.
func (k KernelSet) Validate() error {
	var c checker
	c.named("name", k.Name)
	c.named("accelerator", k.Accelerator)
	c.named("engine", k.Engine)
	for _, f := range slices.Sorted(maps.Keys(k.GEMM)) {
		path := "gemm." + string(f)
		if BytesPerWeight(f) == 0 {
			c.fail(path, fmt.Sprintf("unknown format %q", f))
		}
		c.nested(path+".", k.GEMM[f].Validate())
	}
	for _, name := range slices.Sorted(maps.Keys(k.Experts)) {
		c.nested("experts."+name+".", k.Experts[name].Validate())
	}
	for _, kind := range slices.Sorted(maps.Keys(k.Attention)) {
		c.nested("attention."+kind+".", k.Attention[kind].Validate())
	}
	for _, kind := range slices.Sorted(maps.Keys(k.Core)) {
		c.nested("core."+kind+".", k.Core[kind].Validate())
	}
	if k.Residual != nil {
		c.nested("residual.", k.Residual.Validate())
	}
	c.nested("small.", k.Small.Validate())
	c.collectives(k)
	c.sources(k.Sources)
	return c.err()
}

func (c *checker) collectives(k KernelSet) {
	c.nested("all_reduce.", k.AllReduce.Validate())
	c.nested("all_gather.", k.AllGather.Validate())
	c.nested("dispatch.", k.Dispatch.Validate())
	c.nested("combine.", k.Combine.Validate())
	c.nested("remote_dispatch.", k.RemoteDispatch.Validate())
	c.nested("remote_combine.", k.RemoteCombine.Validate())
	c.nested("transfer.", k.Transfer.Validate())
}

// Validate returns every fault of the roofline, joined; each is a *FieldError.
func (r Roofline) Validate() error {
	var c checker
	c.notNegative("floor", float64(r.Floor), "s")
	c.notNegative("per_unit", float64(r.PerUnit), "s")
	c.notNegative("per_group", float64(r.PerGroup), "s")
	if r.StreamEfficiency != 0 {
		c.efficiency("stream_efficiency", r.StreamEfficiency)
	}
	c.efficiency("compute_efficiency", r.ComputeEfficiency)
	c.efficiency("memory_efficiency", r.MemoryEfficiency)
	c.notNegative("half_rows", r.HalfRows, "rows")
	c.exponent("exponent", r.Exponent)
	return c.err()
}

// Validate returns every fault of the linear form, joined; each is a *FieldError.
func (l Linear) Validate() error {
	var c checker
	if l.TP < 0 {
		c.fail("tp", fmt.Sprintf("%d is not 0 or more", l.TP))
	}
	c.notNegative("floor", float64(l.Floor), "s")
	c.notNegative("long_floor", float64(l.LongFloor), "s")
	if (l.LongFrom > 0) != (l.LongFloor > 0) {
		c.fail("long_from", "is given together with long_floor, or neither is")
	}
	c.notNegative("per_token", float64(l.PerToken), "s")
	c.notNegative("per_pair", float64(l.PerPair), "s")
	c.notNegative("per_index_pair", float64(l.PerIndexPair), "s")
	c.exponent("exponent", l.Exponent)
	return c.err()
}

// Validate returns every fault of the attention kernel, joined; each is a *FieldError.
func (k AttentionKernel) Validate() error {
	var c checker
	if k.Dense != "" {
		c.format("dense", k.Dense)
	}
	if k.KV != "" {
		c.format("kv", k.KV)
	}
	c.degrees("prefill", k.Prefill)
	c.degrees("decode", k.Decode)
	if len(k.Prefill) == 0 {
		c.fail("prefill", "is empty")
	}
	if len(k.Decode) == 0 {
		c.fail("decode", "is empty")
	}
	for i, g := range k.Grids {
		c.nested(fmt.Sprintf("grids[%d].", i), g.Validate())
	}
	return c.err()
}

// degrees checks one form per tensor-parallel degree, in rising order.
func (c *checker) degrees(path string, forms []Linear) {
	for i, l := range forms {
		at := fmt.Sprintf("%s[%d].", path, i)
		c.nested(at, l.Validate())
		if i > 0 && l.TP <= forms[i-1].TP {
			c.fail(at+"tp", fmt.Sprintf("%d does not follow %d in rising order", l.TP, forms[i-1].TP))
		}
		if l.TP == 0 && len(forms) > 1 {
			c.fail(at+"tp", "is 0 (any), but there are other forms")
		}
	}
}

// Validate returns every fault of the grid, joined; each is a *FieldError.
func (g Grid) Validate() error {
	var c checker
	if g.TP < 1 {
		c.fail("tp", fmt.Sprintf("%d is not 1 or more", g.TP))
	}
	c.axis("tokens", g.Tokens)
	c.axis("context", g.Context)
	if len(g.Time) != len(g.Tokens) {
		c.fail("time", fmt.Sprintf("has %d rows for %d token counts", len(g.Time), len(g.Tokens)))
	}
	for i, row := range g.Time {
		path := fmt.Sprintf("time[%d]", i)
		if len(row) != len(g.Context) {
			c.fail(path, fmt.Sprintf("has %d columns for %d contexts", len(row), len(g.Context)))
		}
		for j, t := range row {
			c.positive(fmt.Sprintf("%s[%d]", path, j), float64(t), "s")
		}
	}
	return c.err()
}

// Validate returns every fault of the expert kernel, joined; each is a *FieldError.
func (e ExpertKernel) Validate() error {
	var c checker
	c.format("weights", e.Weights)
	c.format("compute", e.Compute)
	if e.Roofline == nil && len(e.Curves) == 0 {
		c.fail("roofline", "is missing, and so are curves")
	}
	if e.Roofline != nil {
		c.nested("roofline.", e.Roofline.Validate())
	}
	for i, curve := range e.Curves {
		c.nested(fmt.Sprintf("curves[%d].", i), curve.Validate())
	}
	c.notNegative("balance", e.Balance, "FLOP/B")
	c.notNegative("dynamic_power", float64(e.DynamicPower), "W")
	return c.err()
}

// Validate returns every fault of the curve, joined; each is a *FieldError.
func (c ExpertCurve) Validate() error {
	var check checker
	shape := []struct {
		path  string
		value int
	}{{"hidden", c.Hidden}, {"inner", c.Inner}, {"experts", c.Experts}, {"top_k", c.TopK}, {"tp", c.TP}, {"ep", c.EP}}
	for _, f := range shape {
		if f.value < 1 {
			check.fail(f.path, fmt.Sprintf("%d is not 1 or more", f.value))
		}
	}
	check.notNegative("floor", float64(c.Floor), "s")
	check.axis("tokens", c.Tokens)
	if len(c.Time) != len(c.Tokens) {
		check.fail("time", fmt.Sprintf("has %d values for %d token counts", len(c.Time), len(c.Tokens)))
	}
	for i, t := range c.Time {
		check.positive(fmt.Sprintf("time[%d]", i), float64(t), "s")
		if t < c.Floor {
			check.fail(fmt.Sprintf("time[%d]", i), fmt.Sprintf("%g s is below the floor of %g s", t, c.Floor))
		}
	}
	return check.err()
}

// Validate returns every fault of the collective, joined; each is a *FieldError.
func (c Collective) Validate() error {
	var check checker
	check.notNegative("floor", float64(c.Floor), "s")
	check.efficiency("efficiency", c.Efficiency)
	check.notNegative("large_floor", float64(c.LargeFloor), "s")
	if c.LargeEfficiency != 0 {
		check.efficiency("large_efficiency", c.LargeEfficiency)
	}
	return check.err()
}

// maxEfficiency leaves room for a kernel that beats the rate its accelerator
// is listed with (a boost clock, a bandwidth rounded down), and for one whose
// fit is uncertain; more is a percentage or a wrong unit.
const maxEfficiency = 5

func (c *checker) efficiency(path string, value float64) {
	if !(value > 0 && value <= maxEfficiency) {
		c.fail(path, fmt.Sprintf("%g is not a fraction above 0 and up to %d of the peak rate", value, maxEfficiency))
	}
}

func (c *checker) exponent(path string, value float64) {
	if !(value == 0 || value >= 1) {
		c.fail(path, fmt.Sprintf("%g is neither 0 nor 1 or more", value))
	}
}

func (c *checker) axis(path string, values []float64) {
	if len(values) == 0 {
		c.fail(path, "is empty")
		return
	}
	c.positive(path+"[0]", values[0], "tokens")
	if !sort.Float64sAreSorted(values) || len(slices.Compact(slices.Clone(values))) != len(values) {
		c.fail(path, "is not in rising order")
	}
}
