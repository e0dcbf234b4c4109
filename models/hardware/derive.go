package hardware

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"agentsim/units"
)

// Derive gives an accelerator without kernel tables the operator constants of
// a measured one, by classes of achieved rates instead of ratios of peaks:
//
//   - floors, launches and other latencies stay: they do not follow the peak;
//   - compute follows the achieved rate of its format, which is taken to grow
//     no faster than BF16's, whose peak kernels do come near (modelling.md
//     1.11: NVFP4 reaches a third of its headline where it is highest);
//   - memory-bound constants follow the memory bandwidth;
//   - collectives keep their share of the link.
//
// Every constant becomes assumed, with a range that is wider for another
// vendor's accelerator and for one that does not ship.
func Derive(target Accelerator, from KernelSet, fromAccelerator Accelerator) KernelSet {
	d := derivation{target: target, from: fromAccelerator}
	d.bandwidth = float64(target.HBM.Bandwidth) / float64(fromAccelerator.HBM.Bandwidth)
	out := from
	out.Name, out.Accelerator, out.Holds = target.Name+"-"+from.Engine, target.Name, &target
	out.GEMM, out.Core = d.gemms(from.GEMM), d.cores(from.Core)
	out.Experts, out.Attention = d.experts(from.AsOf("").Experts), d.attentions(from.Attention)
	out.ExpertsPath = pathsTo(out.Experts, from.ExpertsPath)
	if from.Residual != nil {
		r := d.streaming(*from.Residual)
		out.Residual = &r
	}
	out.Small = d.streaming(from.Small)
	out.Sources = d.sources(out, from)
	return out
}

// Rescale moves the constants of a kernel set from the accelerator that they
// were measured on to one that differs in peak rates or in memory bandwidth, by
// the rules of Derive. What the target cannot compute is left out; names, watts
// and sources stay. From an accelerator to itself it changes nothing.
func Rescale(from KernelSet, measured, target Accelerator) KernelSet {
	return derivation{target: target, from: measured}.rescale(from)
}

// On moves the constants of a kernel set to the accelerator that they hold on,
// with other figures: constants in seconds go with the rate that bounds them, up
// as well as down. Shares of a peak or of a link stay what they are, and so do
// floors. With the figures that the constants hold on, nothing changes.
func (k KernelSet) On(a Accelerator) KernelSet {
	if k.Holds == nil {
		return k
	}
	return derivation{target: a, from: *k.Holds, same: true}.rescale(k)
}

// Moved lists the figures in which an accelerator differs from the one that the
// constants hold on, and with which they therefore move.
func (k KernelSet) Moved(a Accelerator) []string {
	if k.Holds == nil || alike(k.Holds, &a) {
		return nil
	}
	var list []string
	if a.HBM.Bandwidth != k.Holds.HBM.Bandwidth {
		list = append(list, fmt.Sprintf("hbm.bandwidth %v in place of %v", a.HBM.Bandwidth, k.Holds.HBM.Bandwidth))
	}
	for _, f := range Formats() {
		if is, was := a.Compute[f], k.Holds.Compute[f]; is != was {
			list = append(list, fmt.Sprintf("compute.%s %v in place of %v", f, is, was))
		}
	}
	return list
}

// alike says whether nothing in a kernel set would move from one to the other.
func alike(a, b *Accelerator) bool {
	return a == b || maps.Equal(a.Compute, b.Compute) && a.HBM.Bandwidth == b.HBM.Bandwidth
}

func (d derivation) rescale(from KernelSet) KernelSet {
	if alike(&d.from, &d.target) {
		return from
	}
	d.bandwidth = float64(d.target.HBM.Bandwidth) / float64(d.from.HBM.Bandwidth)
	out := from
	out.Holds = &d.target
	out.GEMM, out.Core, out.Attention = d.gemms(from.GEMM), d.cores(from.Core), d.attentions(from.Attention)
	out.Experts = map[string]ExpertKernel{}
	for _, name := range slices.Sorted(maps.Keys(from.Experts)) {
		if e, ok := d.expert(from.Experts[name]); ok {
			out.Experts[name] = e
		}
	}
	out.ExpertsPath = pathsTo(out.Experts, from.ExpertsPath)
	if from.Residual != nil {
		r := d.streaming(*from.Residual)
		out.Residual = &r
	}
	out.Small = d.streaming(from.Small)
	return out
}

// pathsTo are the paths by format whose kernels are there.
func pathsTo(experts map[string]ExpertKernel, from map[Format]string) map[Format]string {
	out := map[Format]string{}
	for _, f := range slices.Sorted(maps.Keys(from)) {
		names := slices.DeleteFunc(strings.Split(from[f], "|"), func(name string) bool {
			_, ok := experts[name]
			return !ok
		})
		if len(names) > 0 {
			out[f] = strings.Join(names, "|")
		}
	}
	return out
}

type derivation struct {
	target, from Accelerator
	same         bool    // the target is the same part with other figures: it reaches the same share of a peak
	bandwidth    float64 // ratio, target over measured
}

// achieved is how much faster the target computes in a format.
func (d derivation) achieved(f Format) float64 {
	base, r := d.peak(BF16), d.peak(f)
	switch {
	case base == 0:
		return 1
	case r == 0:
		return base
	case d.same:
		return r
	}
	return min(r, base)
}

// peak is the ratio of peak rates; 0 where either lacks the format.
func (d derivation) peak(f Format) float64 {
	have := d.from.Compute[rateOf(f)]
	if have == 0 {
		return 0
	}
	return float64(d.target.Compute[d.native(f)] / have)
}

// rateOf is the format whose peak rate f computes at.
func rateOf(f Format) Format {
	if f == FP8Tensor {
		return FP8
	}
	return f
}

// native is the target's format that stands in for f: accelerators without
// NVFP4 compute in MXFP4.
func (d derivation) native(f Format) Format {
	if f == NVFP4 && d.target.Compute[NVFP4] == 0 && !d.same {
		return MXFP4
	}
	return rateOf(f)
}

// roofline keeps efficiencies as achieved rates. It reports false where the
// target cannot compute in the format.
func (d derivation) roofline(r Roofline, f Format) (Roofline, bool) {
	peak := d.peak(f)
	if d.same {
		return r, true
	}
	if peak == 0 {
		return Roofline{}, false
	}
	r.ComputeEfficiency *= d.achieved(f) / peak
	return r, true
}

func (d derivation) gemms(from map[Format]Roofline) map[Format]Roofline {
	out := map[Format]Roofline{}
	for _, f := range slices.Sorted(maps.Keys(from)) {
		if r, ok := d.roofline(from[f], f); ok {
			name := f
			if f == NVFP4 {
				name = d.native(f)
			}
			out[name] = r
		}
	}
	return out
}

// cores compute at the rate of their cache format; score units are bound by
// the exponentials, which grow with BF16.
func (d derivation) cores(from map[string]Roofline) map[string]Roofline {
	out := map[string]Roofline{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		f := BF16
		if strings.HasSuffix(name, "."+string(FP8)) && d.from.Compute[FP8] > 0 {
			f = FP8
		}
		r, ok := d.roofline(from[name], f)
		if !ok {
			continue
		}
		if strings.Contains(name, "prefill") && !strings.HasPrefix(name, "linear") {
			r.PerUnit /= units.Seconds(d.achieved(BF16))
		}
		out[name] = r
	}
	return out
}

func (d derivation) experts(from map[string]ExpertKernel) map[string]ExpertKernel {
	out := map[string]ExpertKernel{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		e := from[name]
		if e.Roofline == nil {
			continue
		}
		e, ok := d.expert(e)
		if !ok {
			continue
		}
		e.Kernel, e.DynamicPower, e.Since, e.Before = "", 0, "", ""
		if native := d.native(e.Compute); e.Compute == NVFP4 && native != NVFP4 {
			e.Weights, e.Compute = native, native
			name = strings.Replace(name, string(NVFP4), "mxfp4-w4a4", 1)
		}
		out[name] = e
	}
	return out
}

// expert scales one kernel. It reports false where the target cannot compute
// in its format.
func (d derivation) expert(e ExpertKernel) (ExpertKernel, bool) {
	if d.peak(e.Compute) == 0 && !d.same {
		return e, false
	}
	if e.Roofline != nil {
		r, _ := d.roofline(*e.Roofline, e.Compute)
		e.Roofline = &r
	}
	if e.Curves = d.curves(e.Curves); len(e.Curves) > 0 {
		e.Balance = d.balance(e)
	}
	return e, true
}

// balance is that of the accelerator that the curves are of. Other figures of the
// same part do not change which of weights and FLOPs bound a measured point.
func (d derivation) balance(e ExpertKernel) float64 {
	switch {
	case !d.same:
		return e.BalanceOn(d.target)
	case e.Balance > 0:
		return e.Balance
	}
	return e.BalanceOn(d.from)
}

// curves of weight-only kernels convert on the BF16 side and read weights: the
// slower of the two decides.
func (d derivation) curves(from []ExpertCurve) []ExpertCurve {
	out := slices.Clone(from)
	for i := range out {
		out[i].Time = above(out[i].Floor, out[i].Time, min(d.bandwidth, d.achieved(BF16)))
	}
	return out
}

// above divides what lies above a floor.
func above(floor units.Seconds, times []units.Seconds, ratio float64) []units.Seconds {
	out := slices.Clone(times)
	for i, t := range out {
		if t > floor && ratio != 1 {
			out[i] = floor + (t-floor)/units.Seconds(ratio)
		}
	}
	return out
}

func (d derivation) attentions(from map[string]AttentionKernel) map[string]AttentionKernel {
	out := map[string]AttentionKernel{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		a := from[name]
		if a.Dense != "" && d.peak(a.Dense) == 0 && !d.same {
			continue
		}
		if a.asMeasured == nil && len(a.Grids) > 0 && !alike(&d.from, &d.target) {
			a.asMeasured = a.Decode
		}
		a.Prefill, a.Decode, a.Grids = slices.Clone(a.Prefill), slices.Clone(a.Decode), slices.Clone(a.Grids)
		for i := range a.Prefill {
			a.Prefill[i] = d.module(a.Prefill[i], a.Dense, d.achieved(BF16))
		}
		for i := range a.Decode {
			a.Decode[i] = d.module(a.Decode[i], a.Dense, d.bandwidth)
		}
		for i := range a.Grids {
			a.Grids[i] = d.grid(a.Grids[i], a.Decode)
		}
		if native := d.native(a.Dense); a.Dense == NVFP4 && native != NVFP4 {
			a.Dense = native
			name = strings.Replace(name, string(NVFP4), string(native), 1)
		}
		out[name] = a
	}
	return out
}

// module scales projections with their format's achieved rate, and pairs with
// what bounds them: compute in prefill, the cache's bandwidth in decode.
func (d derivation) module(l Linear, dense Format, pairs float64) Linear {
	if dense == "" {
		dense = FP8
	}
	l.PerToken /= units.Seconds(d.achieved(dense))
	l.PerPair /= units.Seconds(pairs)
	l.PerIndexPair /= units.Seconds(pairs)
	return l
}

// grid scales what lies above the floor of its degree.
func (d derivation) grid(g Grid, decode []Linear) Grid {
	floor := atTP(decode, g.TP).Floor
	g.Time = slices.Clone(g.Time)
	for i, row := range g.Time {
		g.Time[i] = above(floor, row, d.bandwidth)
	}
	return g
}

// streaming is a linear form that memory bounds.
func (d derivation) streaming(l Linear) Linear {
	l.PerToken /= units.Seconds(d.bandwidth)
	return l
}

// How far a derived constant may be off, as factors (assumed; between measured
// generations of one vendor the achieved share of a peak moved by 0.8 to 1.25,
// hardware.md 3.1, and AMD's published FP8 and FP4 GEMMs by 0.8 to 1.3 of what
// this rule gives).
const (
	sameVendorLow, sameVendorHigh   = 0.8, 1.25
	otherVendorLow, otherVendorHigh = 0.6, 1.5
	preliminaryLow, preliminaryHigh = 0.5, 1.8
)

func (d derivation) span() [2]float64 {
	switch {
	case d.target.Preliminary:
		return [2]float64{preliminaryLow, preliminaryHigh}
	case d.target.Vendor != d.from.Vendor:
		return [2]float64{otherVendorLow, otherVendorHigh}
	}
	return [2]float64{sameVendorLow, sameVendorHigh}
}

// sources marks every group of constants as derived.
func (d derivation) sources(out, from KernelSet) Sources {
	s := Source{Basis: "assumed", Range: d.span(), Note: "no kernel tables of this accelerator",
		Source: "derived from " + from.Name + " " + from.Version +
			": floors kept, compute by achieved rate, memory by bandwidth"}
	sources := Sources{}
	if out.RemoteBulkDispatch.Efficiency > 0 {
		sources["remote_bulk_dispatch"], sources["remote_bulk_combine"] = s, s
	}
	for _, field := range []string{"gemm", "experts", "attention", "core", "small", "all_reduce", "all_gather", "dispatch",
		"combine", "remote_dispatch", "remote_combine"} {
		sources[field] = s
	}
	if out.Residual != nil {
		sources["residual"] = s
	}
	if transfer, ok := from.Sources["transfer"]; ok {
		sources["transfer"] = transfer
	} else {
		sources["transfer"] = s
	}
	return sources
}
