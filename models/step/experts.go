package step

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/moe"
	"agentsim/units"
)

// expertGroup is the routed experts of a worker; without table in a dense model.
type expertGroup struct {
	worker   *worker
	exchange exchange
	table    *moe.Table
	kernel   hardware.ExpertKernel   // what memory and energy follow
	kernels  []hardware.ExpertKernel // of which a step runs the fastest
	peaks    []units.FLOPRate        // of the accelerator in the format that each computes in
	peak     units.FLOPRate          // of kernel, by that of its stand-in where need be
	names    []string                // where each stands in the kernel set
	path     string                  // names of kernels
	perFLOP  float64                 // joules
	inner    int                     // of a gated expert with as many weights
}

// noPath says which formats of experts the kernels have.
func noPath(w *worker) error {
	var formats []string
	for _, f := range slices.Sorted(maps.Keys(w.cfg.Kernels.ExpertsPath)) {
		formats = append(formats, string(f))
	}
	if len(formats) == 0 {
		return fmt.Errorf("kernels %s have no experts path for %s experts: set deployment.experts_path to one of %s",
			w.cfg.Kernels.Name, w.cfg.Precision.Experts, pathNames(w.cfg.Kernels.Experts))
	}
	return fmt.Errorf("kernels %s have none for %s experts: set deployment.precision.experts to one of %s",
		w.cfg.Kernels.Name, w.cfg.Precision.Experts, strings.Join(formats, ", "))
}

// build tabulates the expert-parallel group and resolves its kernel path.
func (g *expertGroup) build(w *worker) error {
	g.worker = w
	x := w.cfg.LLM.Experts
	if x == nil {
		return nil
	}
	const gated = 3 // matrices of the experts whose kernels were measured
	g.inner = int(w.cfg.LLM.ExpertParams()) / (gated * x.Width(w.cfg.LLM.Hidden))
	path := w.cfg.ExpertsPath
	if path == "" {
		path = w.cfg.Kernels.ExpertsPath[w.cfg.Precision.Experts]
	}
	if path == "" {
		return noPath(w)
	}
	if err := g.resolve(path); err != nil {
		return err
	}
	g.perFLOP = float64(w.accelerator.Power.EnergyPerFLOP(g.kernel.Compute))
	if g.kernel.DynamicPower > 0 { // replaces what FLOPs, bytes and class would say
		g.perFLOP = 0
	}
	tabulate := w.cfg.Tabulate
	if tabulate == nil {
		tabulate = moe.Tabulate
	}
	var err error
	g.table, err = tabulate(moe.Spec{
		Experts:    x.Routed,
		TopK:       x.TopK,
		Ranks:      w.shape.EP,
		Domains:    min(w.domains, w.shape.EP),
		Popularity: w.cfg.Popularity,
		Placement:  w.cfg.Placement,
		Seed:       w.cfg.Seed,
	})
	g.exchange = exchange{worker: w, table: g.table, fused: g.kernel.Fused && w.domains == 1,
		format: g.kernel.Compute}
	if err == nil && g.exchange.fused && w.shape.TwoBatchFrom > 0 { // halves would have nothing to hide
		return fmt.Errorf("two_batch_from: %d, but the kernel %s exchanges tokens itself: set two_batch_from: 0, "+
			"or another experts_path", w.shape.TwoBatchFrom, g.path)
	}
	return err
}

// resolve finds the expert kernels that the names in path stand for.
func (g *expertGroup) resolve(path string) error {
	w := g.worker
	for _, name := range strings.Split(path, "|") {
		kernel, ok := w.cfg.Kernels.ExpertsFor(name, w.shape.EP)
		if !ok {
			continue
		}
		if kernel.Sent && !g.sends() {
			continue
		}
		if kernel.Weights != w.cfg.Precision.Experts {
			return fmt.Errorf("experts_path: %s holds weights in %s, but precision.experts is %s", name, kernel.Weights,
				w.cfg.Precision.Experts)
		}
		g.kernels = append(g.kernels, kernel)
		g.peaks = append(g.peaks, w.accelerator.Compute[kernel.Compute])
		g.names = append(g.names, "experts."+w.cfg.Kernels.ExpertsName(name, w.shape.EP))
	}
	if len(g.kernels) == 0 {
		return fmt.Errorf("experts_path: %q is not in kernel set %s, which has %s", path, w.cfg.Kernels.Name,
			pathNames(w.cfg.Kernels.Experts))
	}
	g.kernel, g.path = g.kernels[0], path
	g.peak = w.accelerator.Peak(g.kernel.Compute)
	return nil
}

// sends says whether tokens are sent to the ranks of their experts, and to no
// others.
func (g *expertGroup) sends() bool { return g.worker.shape.EP > 1 && g.worker.shape.Groups() > 1 }

func pathNames(paths map[string]hardware.ExpertKernel) string {
	return strings.Join(slices.Sorted(maps.Keys(paths)), ", ")
}

// routed books the routed experts of count layers with what moves tokens to
// them: nothing more where one attention rank has all tokens (the all-reduce
// sums), all-to-all between several with expert parallelism, gather and scatter
// without it.
func (g *expertGroup) routed(l *ledger, count float64, t tally) {
	e := g.grouped(count, t)
	if g.worker.shape.Groups() > 1 {
		e.link = g.exchange.book(l, count, t, &e)
	}
	l.add(&e)
}

// grouped is the compute of the routed experts of count layers.
func (g *expertGroup) grouped(count float64, t tally) entry {
	on, w := g.worker, g.work(t.tokens)
	seconds, name := math.Inf(1), ""
	for i := range g.kernels {
		if s := g.kernels[i].SecondsAt(&w, g.peaks[i], &on.accelerator); s < seconds {
			seconds, name = s, g.names[i]
		}
	}
	flops, bytes := g.kernel.Work(w)
	n := float64(on.shape.Accelerators)
	x := on.cfg.LLM.Experts
	mean := t.tokens * float64(x.TopK) / float64(on.shape.EP) / w.Rows // mean rank over busiest
	e := entry{
		operator:  Experts,
		kind:      g.path,
		count:     count,
		seconds:   seconds,
		ideal:     flops / float64(g.peak),
		moving:    bytes / float64(on.accelerator.HBM.Bandwidth),
		flops:     flops * n * mean,
		perFLOP:   g.perFLOP,
		bytes:     bytes * n,
		busy:      on.energy.watts.experts,
		constants: name,
		load:      hardware.Load{Rows: w.Rows},
	}
	if watts := float64(g.kernel.DynamicPower); watts > 0 { // drawn as long as the kernel runs, whatever it achieves
		e.extra = watts * seconds * n
		e.moved = min(e.extra, e.bytes*on.energy.perByte)
		e.bytes, e.busy = 0, 0
	}
	return e
}

// work is one layer's load of the busiest expert-parallel rank.
func (g *expertGroup) work(tokens float64) hardware.ExpertWork {
	w := g.worker
	x := w.cfg.LLM.Experts
	load := g.table.At(tokens)
	mean := tokens * float64(x.TopK) / float64(w.shape.EP)
	sorted := tokens
	if g.sends() {
		sorted = min(tokens, tokens*hardware.SentShare(float64(w.shape.EP), float64(x.TopK))*load.Straggler)
	}
	return hardware.ExpertWork{
		GroupTokens: tokens,
		Sorted:      sorted,
		Rows:        mean * load.Straggler,
		Distinct:    load.DistinctMax,
		Hidden:      x.Width(w.cfg.LLM.Hidden),
		Inner:       g.inner,
		Experts:     x.Routed,
		TopK:        x.TopK,
		TP:          w.shape.Accelerators / w.shape.EP,
		EP:          w.shape.EP,
	}
}
