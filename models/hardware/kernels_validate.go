package hardware

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
)

// Validate returns every fault of the kernel set, joined; each is a *fault.Field.
func (k KernelSet) Validate() error {
	var c checker
	c.named("name", k.Name)
	c.named("accelerator", k.Accelerator)
	c.named("engine", k.Engine)
	c.serving(k)
	for _, f := range slices.Sorted(maps.Keys(k.GEMM)) {
		path := "gemm." + string(f)
		if BytesPerWeight(f) == 0 {
			c.Want(path, strconv.Quote(string(f)), fmt.Sprintf("one of %v", Formats()))
		}
		c.In(path, k.GEMM[f].Validate())
	}
	for _, name := range slices.Sorted(maps.Keys(k.Experts)) {
		e := k.Experts[name]
		c.In("experts."+name, e.Validate())
		if e.Before != "" {
			if older, ok := k.Experts[e.Before]; !ok || CompareVersions(older.Since, e.Since) >= 0 {
				c.Want("experts."+name+".before", strconv.Quote(e.Before),
					fmt.Sprintf("one that holds before, of the experts %v", slices.Sorted(maps.Keys(k.Experts))))
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(k.Attention)) {
		c.In("attention."+kind, k.Attention[kind].Validate())
	}
	for _, kind := range slices.Sorted(maps.Keys(k.Core)) {
		c.In("core."+kind, k.Core[kind].Validate())
	}
	if k.Residual != nil {
		c.In("residual", k.Residual.Validate())
	}
	c.In("small", k.Small.Validate())
	c.collectives(k)
	c.sources(k.Sources)
	return c.Err()
}

// serving checks how an engine serves. A kernel path may name several entries,
// one of which must be there.
func (c *checker) serving(k KernelSet) {
	c.Check(k.Efficiency > 0 && k.Efficiency <= maxEfficiency, "efficiency", k.Efficiency,
		fmt.Sprintf("more than 0 and up to %d; 1 = as the constants say", maxEfficiency))
	c.notNegative("eager", k.Eager, "")
	for _, f := range slices.Sorted(maps.Keys(k.EagerFor)) {
		c.format("eager_for."+string(f), f)
		c.positive("eager_for."+string(f), k.EagerFor[f], "")
	}
	for i, o := range k.Older {
		path := fault.Index("older", i)
		c.Check(o.Before != "" && (i == 0 || CompareVersions(k.Older[i-1].Before, o.Before) < 0), path+".before",
			strconv.Quote(o.Before), "versions that rise from entry to entry")
		for _, f := range slices.Sorted(maps.Keys(o.Experts)) {
			if _, ok := k.Experts[f]; !ok {
				c.Want(path+".experts."+f, strconv.Quote(f),
					fmt.Sprintf("one of the experts %v", slices.Sorted(maps.Keys(k.Experts))))
			}
			c.positive(path+".experts."+f, o.Experts[f], "")
		}
	}
	for _, f := range slices.Sorted(maps.Keys(k.ExpertsPath)) {
		path := "experts_path." + string(f)
		c.format(path, f)
		known := slices.ContainsFunc(strings.Split(k.ExpertsPath[f], "|"), func(name string) bool {
			_, ok := k.Experts[name]
			return ok
		})
		if !known {
			c.Want(path, k.ExpertsPath[f], fmt.Sprintf("one of the experts %v", slices.Sorted(maps.Keys(k.Experts))))
		}
	}
}

func (c *checker) collectives(k KernelSet) {
	c.In("all_reduce", k.AllReduce.Validate())
	c.In("all_gather", k.AllGather.Validate())
	c.In("dispatch", k.Dispatch.Validate())
	c.In("combine", k.Combine.Validate())
	c.In("remote_dispatch", k.RemoteDispatch.Validate())
	c.In("remote_combine", k.RemoteCombine.Validate())
	c.In("transfer", k.Transfer.Validate())
	c.In("remote_bulk_dispatch", k.RemoteBulkDispatch.Validate())
	c.In("remote_bulk_combine", k.RemoteBulkCombine.Validate())
	for _, required := range []struct {
		path string
		of   Collective
	}{
		{"all_reduce", k.AllReduce}, {"all_gather", k.AllGather}, {"dispatch", k.Dispatch}, {"combine", k.Combine},
		{"remote_dispatch", k.RemoteDispatch}, {"remote_combine", k.RemoteCombine}, {"transfer", k.Transfer},
	} {
		if required.of == (Collective{}) {
			c.efficiency(required.path+".efficiency", 0)
		}
	}
}

// Validate returns every fault of the roofline, joined; each is a *fault.Field.
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
	return c.Err()
}

// Validate returns every fault of the linear form, joined; each is a *fault.Field.
func (l Linear) Validate() error {
	var c checker
	c.Check(l.TP >= 0, "tp", l.TP, "0 (any) or more")
	c.notNegative("floor", float64(l.Floor), "s")
	c.notNegative("long_floor", float64(l.LongFloor), "s")
	if (l.LongFrom > 0) != (l.LongFloor > 0) {
		c.Add("long_from", "%d: want it together with long_floor, or neither", l.LongFrom)
	}
	c.notNegative("per_token", float64(l.PerToken), "s")
	c.notNegative("per_pair", float64(l.PerPair), "s")
	c.notNegative("per_index_pair", float64(l.PerIndexPair), "s")
	c.exponent("exponent", l.Exponent)
	return c.Err()
}

// Validate returns every fault of the attention kernel, joined; each is a *fault.Field.
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
	c.Check(len(k.Prefill) > 0, "prefill", "[]", "a form at least")
	c.Check(len(k.Decode) > 0, "decode", "[]", "a form at least")
	for i, g := range k.Grids {
		c.In(fault.Index("grids", i), g.Validate())
	}
	return c.Err()
}

// degrees checks one form per tensor-parallel degree, in rising order.
func (c *checker) degrees(path string, forms []Linear) {
	for i, l := range forms {
		at := fault.Index(path, i)
		c.In(at, l.Validate())
		if i > 0 && l.TP <= forms[i-1].TP {
			c.Want(at+".tp", l.TP, fmt.Sprintf("more than the %d before it", forms[i-1].TP))
		}
		c.Check(l.TP != 0 || len(forms) == 1, at+".tp", l.TP, "a degree, as there are other forms")
	}
}

// Validate returns every fault of the grid, joined; each is a *fault.Field.
func (g Grid) Validate() error {
	var c checker
	c.Check(g.TP >= 1, "tp", g.TP, "1 or more")
	c.axis("tokens", g.Tokens)
	c.axis("context", g.Context)
	if len(g.Time) != len(g.Tokens) {
		c.Add("time", "%d rows: want one for each of the %d token counts", len(g.Time), len(g.Tokens))
	}
	for i, row := range g.Time {
		path := fault.Index("time", i)
		if len(row) != len(g.Context) {
			c.Add(path, "%d columns: want one for each of the %d contexts", len(row), len(g.Context))
		}
		for j, t := range row {
			if !positive(float64(t)) {
				c.positive(fault.Index(path, j), float64(t), "s")
			}
		}
	}
	return c.Err()
}

// Validate returns every fault of the expert kernel, joined; each is a *fault.Field.
func (e ExpertKernel) Validate() error {
	var c checker
	c.format("weights", e.Weights)
	c.format("compute", e.Compute)
	if e.Roofline == nil && len(e.Curves) == 0 {
		c.Add("roofline", "want a roofline, or curves")
	}
	if e.Roofline != nil {
		c.In("roofline", e.Roofline.Validate())
	}
	for i, curve := range e.Curves {
		c.In(fault.Index("curves", i), curve.Validate())
	}
	if (e.Since != "") != (e.Before != "") {
		c.Add("since", "%q: want it together with before, or neither", e.Since)
	}
	c.notNegative("balance", e.Balance, "FLOP/B")
	c.notNegative("dynamic_power", float64(e.DynamicPower), "W")
	return c.Err()
}

// Validate returns every fault of the curve, joined; each is a *fault.Field.
func (c ExpertCurve) Validate() error {
	var check checker
	shape := []struct {
		path  string
		value int
	}{{"hidden", c.Hidden}, {"inner", c.Inner}, {"experts", c.Experts}, {"top_k", c.TopK}, {"tp", c.TP}, {"ep", c.EP}}
	for _, f := range shape {
		check.Check(f.value >= 1, f.path, f.value, "1 or more")
	}
	check.notNegative("floor", float64(c.Floor), "s")
	check.axis("tokens", c.Tokens)
	if len(c.Time) != len(c.Tokens) {
		check.Add("time", "%d values: want one for each of the %d token counts", len(c.Time), len(c.Tokens))
	}
	for i, t := range c.Time {
		if positive(float64(t)) && t >= c.Floor {
			continue // whose path nobody needs
		}
		check.positive(fault.Index("time", i), float64(t), "s")
		check.Check(t >= c.Floor, fault.Index("time", i), t, fmt.Sprintf("at least the floor of %v", c.Floor))
	}
	return check.Err()
}

// Validate returns every fault of the collective, joined; each is a *fault.Field.
// One without any number is one that the engine does not have.
func (c Collective) Validate() error {
	if c == (Collective{}) {
		return nil
	}
	var check checker
	check.notNegative("floor", float64(c.Floor), "s")
	check.efficiency("efficiency", c.Efficiency)
	check.notNegative("large_floor", float64(c.LargeFloor), "s")
	if c.LargeEfficiency != 0 {
		check.efficiency("large_efficiency", c.LargeEfficiency)
	}
	return check.Err()
}

// maxEfficiency leaves room for a kernel that beats the rate its accelerator
// is listed with (a boost clock, a bandwidth rounded down), and for one whose
// fit is uncertain; more is a percentage or a wrong unit.
const maxEfficiency = 5

func (c *checker) efficiency(path string, value float64) {
	if !(value > 0 && value <= maxEfficiency) {
		c.Want(path, value, fmt.Sprintf("a fraction of the peak rate above 0 and up to %d", maxEfficiency))
	}
}

func (c *checker) exponent(path string, value float64) {
	c.Check(value == 0 || value >= 1, path, value, "0, or 1 or more")
}

func (c *checker) axis(path string, values []float64) {
	c.Check(len(values) > 0, path, "[]", "a value at least")
	if len(values) == 0 {
		return
	}
	c.positive(path+"[0]", values[0], "tokens")
	rising := slices.IsSorted(values) && len(slices.Compact(slices.Clone(values))) == len(values)
	c.Check(rising, path, "not in order", "rising values")
}
