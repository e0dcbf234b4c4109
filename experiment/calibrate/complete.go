package calibrate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/units"
)

// complete fills in what an engine's tables lack: constants of another engine
// on the same accelerator, collectives of the same engine over the same link
// first, then published and assumed ones. Every loan is named in the sources.
func complete(sets []*fitted) {
	own := clones(sets)
	for i, f := range sets {
		for j, lender := range sets {
			if i != j && lender.system == f.system {
				f.borrowKernels(own[j])
			}
		}
		for _, j := range lenders(sets, i) {
			f.borrowCollectives(own[j], sets[j].accelerator.ScaleUp == f.accelerator.ScaleUp)
		}
		f.assume()
		f.assumePower()
		f.generalise()
		f.balance()
		f.nameDefaults()
	}
}

// balance notes on what accelerator the curves are.
func (f *fitted) balance() {
	for name, e := range f.set.Experts {
		if len(e.Curves) > 0 {
			e.Balance = e.BalanceOn(f.accelerator)
			f.set.Experts[name] = e
		}
	}
}

// clones are the presets as they are now: what is lent is what was measured, not
// what was borrowed meanwhile.
func clones(sets []*fitted) []hardware.KernelSet {
	own := make([]hardware.KernelSet, len(sets))
	for i, f := range sets {
		own[i] = clone(f.set)
	}
	return own
}

func clone(k hardware.KernelSet) hardware.KernelSet {
	k.GEMM, k.Experts, k.Attention = maps.Clone(k.GEMM), maps.Clone(k.Experts), maps.Clone(k.Attention)
	k.Core, k.Sources = maps.Clone(k.Core), maps.Clone(k.Sources)
	return k
}

// lenders are the other sets in order: the same engine, then the same
// accelerator, then the rest; within these by name.
func lenders(sets []*fitted, i int) []int {
	var list []int
	for j := range sets {
		if j != i {
			list = append(list, j)
		}
	}
	rank := func(j int) int {
		switch {
		case sets[j].engine == sets[i].engine:
			return 0
		case sets[j].system == sets[i].system:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

func (f *fitted) borrowCollectives(from hardware.KernelSet, sameLink bool) {
	for _, group := range collectiveNames() {
		mine, theirs := collectiveOf(&f.set, group), collectiveOf(&from, group)
		remote := strings.HasPrefix(group, "remote_")
		if mine.Efficiency == 0 && theirs.Efficiency > 0 && (remote || sameLink) {
			*mine = *theirs
			f.loan(from, group)
		}
	}
}

func (f *fitted) borrowKernels(from hardware.KernelSet) {
	gemm := loan[hardware.Format, hardware.Roofline]{"gemm", f.set.GEMM, from.GEMM}
	gemm.take(f, from, func(hardware.Format) bool { return true })
	core := loan[string, hardware.Roofline]{"core", f.set.Core, from.Core}
	core.take(f, from, func(string) bool { return true })
	experts := loan[string, hardware.ExpertKernel]{"experts", f.set.Experts, from.Experts}
	experts.take(f, from, func(name string) bool { return f.lacksFormat(from.Experts[name]) })
	kinds := kindsOf(f.set)
	attention := loan[string, hardware.AttentionKernel]{"attention", f.set.Attention, from.Attention}
	attention.take(f, from, func(name string) bool { return !slices.Contains(kinds, from.Attention[name].Kind) })
	if f.set.Residual == nil && from.Residual != nil {
		f.set.Residual = from.Residual
		f.loan(from, "residual")
	}
}

// lacksFormat says whether no own path computes in an expert kernel's formats.
// Weight-only fallbacks are not lent: engines have one or do not.
func (f *fitted) lacksFormat(e hardware.ExpertKernel) bool {
	for _, name := range sortedKeys(f.set.Experts) {
		own := f.set.Experts[name]
		if own.Weights == e.Weights && own.Compute == e.Compute && own.Fused == e.Fused {
			return false
		}
	}
	return len(e.Curves) == 0
}

func kindsOf(k hardware.KernelSet) []string {
	var kinds []string
	for _, name := range sortedKeys(k.Attention) {
		kinds = append(kinds, k.Attention[name].Kind)
	}
	return kinds
}

// loan is one map field of the preset, of borrower and lender.
type loan[K ~string, V any] struct {
	field        string
	mine, theirs map[K]V
}

// take copies the entries that the borrower lacks and may have.
func (l loan[K, V]) take(f *fitted, from hardware.KernelSet, may func(K) bool) {
	for _, name := range sortedKeys(l.theirs) {
		if _, have := l.mine[name]; !have && may(name) {
			l.mine[name] = l.theirs[name]
			f.loan(from, l.field+"."+string(name))
		}
	}
}

// loan copies the sources of a field and of what lies under it.
func (f *fitted) loan(from hardware.KernelSet, path string) {
	for _, key := range sortedKeys(from.Sources) {
		if key == path || strings.HasPrefix(key, path+".") {
			source := from.Sources[key]
			source.Note = strings.TrimPrefix(source.Note+"; borrowed from "+from.Name, "; ")
			f.set.Sources[key] = source
		}
	}
}

// Assumed and published constants.
const (
	smallFloor    = 10 * microsecond  // two norms, router, rotary and copies; modelling.md 4.4
	smallBytes    = 48e3              // moved per token by the same: about six passes over a hidden state of 4096
	transferFloor = 450 * microsecond // Mooncake in vLLM: 0.4 to 0.5 ms + bytes at 0.7 of line rate; hardware.md 3.6
	transferShare = 0.7               // the same
	remoteFloor   = 20 * microsecond  // DeepEP README, H800 with 400 Gb/s: 43 to 44 GB/s of 50
	remoteShare   = 0.87              // the same
	nearFloor     = 15 * microsecond  // DeepEP on one node; modelling.md 1.6
	nearShare     = 0.6               // the same
)

func (f *fitted) assume() {
	k := &f.set
	perToken := units.Seconds(round(smallBytes / float64(f.accelerator.HBM.Bandwidth)))
	k.Small = hardware.Linear{Floor: smallFloor, PerToken: perToken}
	k.Sources["small"] = hardware.Source{Basis: "assumed", Range: [2]float64{0.5, 2},
		Source: "modelling.md 4.4: 10 to 15 µs a layer; six passes over a hidden state"}
	k.Transfer = hardware.Collective{Floor: transferFloor, Efficiency: transferShare}
	k.Sources["transfer"] = hardware.Source{Basis: "published", Range: [2]float64{0.7, 1.4},
		Source: "Mooncake in vLLM, 20 MB to 4.5 GB: 0.4 to 0.5 ms and 0.7 of line rate (kvcache-ai.github.io/Mooncake)"}
	for _, group := range []string{"remote_dispatch", "remote_combine"} {
		f.fallBack(group, hardware.Collective{Floor: remoteFloor, Efficiency: remoteShare},
			"DeepEP README: H800 over 400 Gb/s, EP 16 to 256")
	}
	for _, group := range []string{"dispatch", "combine", "all_reduce", "all_gather"} {
		f.fallBack(group, hardware.Collective{Floor: nearFloor, Efficiency: nearShare}, "modelling.md 1.6")
	}
}

// Watts that kernels draw which convert 4-bit weights to BF16 on the fly, on
// top of idle and active: their work is not in useful FLOPs and bytes. Of the
// same kind, every long expert row of the H200 power tables stands at the cap
// whatever its FLOPs, and 62 rows of W4A16 MXFP4 on B200 at 600 to 700 W.
const (
	convertingHopper    = 350
	convertingBlackwell = 290
)

func (f *fitted) assumePower() {
	for _, name := range sortedKeys(f.set.Experts) {
		e := f.set.Experts[name]
		if e.Compute != hardware.BF16 || e.Weights == hardware.BF16 {
			continue
		}
		e.DynamicPower = convertingHopper
		if f.accelerator.Compute[hardware.MXFP4] > 0 {
			e.DynamicPower = convertingBlackwell
		}
		f.set.Experts[name] = e
		f.set.Sources["experts."+name+".dynamic_power"] = hardware.Source{Basis: "assumed", Range: [2]float64{0.7, 1.35},
			Source: "long expert rows of the power tables of H200 (vLLM 0.22) and B200 (TensorRT-LLM 1.3.0rc15)"}
	}
}

func (f *fitted) fallBack(group string, c hardware.Collective, from string) {
	if k := collectiveOf(&f.set, group); k.Efficiency == 0 {
		*k = c
		f.set.Sources[group] = hardware.Source{Basis: "assumed", Source: from, Range: [2]float64{0.7, 1.5}}
	}
}

// generalise gives kinds without tables those of the nearest kind: any other
// attention core is priced as grouped-query, V4's window-only layers as HCA.
func (f *fitted) generalise() {
	for _, key := range []string{"prefill", "decode"} {
		for _, suffix := range []string{"", "." + string(hardware.FP8)} {
			if r, ok := f.set.Core["gqa."+key+suffix]; ok {
				f.set.Core[key+suffix] = r
				f.set.Sources["core."+key+suffix] = hardware.Source{Basis: "assumed", Range: [2]float64{0.7, 1.4},
					Source: "as grouped-query attention"}
			}
		}
	}
	for _, name := range sortedKeys(f.set.Attention) {
		if a := f.set.Attention[name]; a.Kind == string(llm.HCA) {
			a.Kind = string(llm.SWA)
			swa := strings.Replace(name, string(llm.HCA), string(llm.SWA), 1)
			f.set.Attention[swa] = a
			f.set.Sources["attention."+swa] = hardware.Source{Basis: "assumed", Range: [2]float64{0.8, 1.05},
				Source: "as the HCA module, which adds a compressor to the same window"}
		}
	}
}

// nameDefaults gives the plain name of a kind to its most usual module: the
// largest hidden size, FP8 projections, an FP8 cache.
func (f *fitted) nameDefaults() {
	best := map[string]string{}
	score := func(name string) int {
		a := f.set.Attention[name]
		s := a.Hidden
		if a.Dense == hardware.FP8 {
			s += 1 << 20
		}
		if a.KV == hardware.FP8 {
			s += 1 << 19
		}
		return s
	}
	for _, name := range sortedKeys(f.set.Attention) {
		kind := f.set.Attention[name].Kind
		if have, ok := best[kind]; !ok || score(name) > score(have) {
			best[kind] = name
		}
	}
	for _, kind := range sortedKeys(best) {
		f.rename(best[kind], kind)
	}
}

func (f *fitted) rename(from, to string) {
	f.set.Attention[to] = f.set.Attention[from]
	delete(f.set.Attention, from)
	for _, key := range sortedKeys(f.set.Sources) {
		if rest, ok := strings.CutPrefix(key, "attention."+from); ok && (rest == "" || rest[0] == '.') {
			f.set.Sources["attention."+to+rest] = f.set.Sources[key]
			delete(f.set.Sources, key)
		}
	}
}
