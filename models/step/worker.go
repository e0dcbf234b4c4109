package step

import (
	"cmp"
	"fmt"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/units"
)

// elementBytes is the size of an activation between operators (BF16, definition).
const elementBytes = 2

// worker is what the steps run on, and how it is shared out.
type worker struct {
	cfg         Config
	shape       Shape // of one stage
	stages      int
	fullest     float64 // share of the layers that the fullest stage holds
	accelerator hardware.Accelerator
	domains     int     // scale-up domains a stage spans
	efficiency  float64 // divides the time of every kernel
	eager       float64 // factor on steps that hold prompts
	draft       DraftSpec
	lengths     []float64 // mean tokens of a step by depth of drafts, up to the draft's
	perSequence int       // query tokens of a decoding sequence
	energy      energy
	projections string // where the constants of dense projections stand in the kernel set
	constants
}

// constants are what steps ask the configuration for, looked up once.
type constants struct {
	dense, logits         hardware.Roofline // of the projections, and of the head
	densePeak, logitsPeak units.FLOPRate
	cachePeak             units.FLOPRate // to which the efficiencies of attention cores refer
	small                 hardware.Linear
	residual              *hardware.Linear // nil = none
}

func (w *worker) lookUp() {
	k, hidden := &w.cfg.Kernels, w.cfg.LLM.Hidden
	w.dense, w.logits = k.GEMM[w.denseCompute()], k.GEMM[hardware.BF16]
	w.densePeak, w.logitsPeak = w.accelerator.Peak(w.denseCompute()), w.accelerator.Peak(hardware.BF16)
	w.cachePeak = cmp.Or(max(0, w.accelerator.Peak(w.cfg.Precision.KV)), w.logitsPeak)
	w.small = k.Small.For(hidden)
	if k.Residual != nil && w.cfg.LLM.Residuals > 1 {
		r := k.Residual.For(hidden)
		w.residual = &r
	}
}

// newWorker derives what follows from a configuration with a legal shape.
func newWorker(cfg Config) worker {
	w := worker{
		cfg:         cfg,
		shape:       cfg.Shape.stage(),
		stages:      cfg.Shape.PP,
		accelerator: cfg.System.Accelerator,
		efficiency:  cfg.Engine.Efficiency,
		eager:       cfg.Kernels.EagerWith(cfg.Precision.Experts),
		draft:       cfg.draft(),
	}
	w.perSequence = w.draft.Verified()
	w.projections = "gemm." + string(w.denseCompute())
	if cfg.Kernels.Efficiency > 0 {
		w.efficiency *= cfg.Kernels.Efficiency
	}
	layers := cfg.LLM.Layers()
	w.fullest = ratio((layers+w.stages-1)/w.stages, layers)
	domain := cfg.System.Domain
	w.domains = (w.shape.Accelerators + domain - 1) / domain
	w.lookUp()
	w.energy = energyOf(&w.accelerator, w.denseCompute(), w.shape.Accelerators)
	return w
}

func ratio(part, of int) float64 { return float64(part) / float64(of) }

// check reports formats and drafts that the kernels or the model do not have.
func (w *worker) check() error {
	if _, ok := w.cfg.Kernels.GEMM[w.denseCompute()]; !ok {
		return fmt.Errorf("precision.dense: kernel set %s has no gemm in %s", w.cfg.Kernels.Name, w.cfg.Precision.Dense)
	}
	if w.densePeak <= 0 {
		return fmt.Errorf("precision.dense: accelerator %s does not compute in %s", w.accelerator.Name, w.cfg.Precision.Dense)
	}
	return w.checkDraft()
}

func (w *worker) checkDraft() error {
	d := &w.draft
	if err := d.Validate(); err != nil {
		return fault.In("draft", err)
	}
	if d.Drafts() && d.kind() != LookupDraft && w.cfg.LLM.MTP == nil {
		return fault.New("draft_tokens", "%d, but model %s has no draft layer: set draft_tokens: 0", d.Depth, w.cfg.LLM.Name)
	}
	var err error
	w.lengths, err = d.Lengths(&w.cfg.LLM)
	return fault.In("draft", err)
}

// denseCompute is the format the dense projections compute in.
func (w *worker) denseCompute() hardware.Format { return w.cfg.Precision.Dense }

// cacheFormat is how cache entries are stored.
func (w *worker) cacheFormat() llm.CacheFormat {
	return llm.CacheFormat{KV: w.cfg.Precision.KV, Index: w.cfg.Engine.Memory.IndexFormat}
}

// microBatch is the largest micro-batch of a full step.
func (w *worker) microBatch() part { return part{0, w.stages} }

// peakShare is the dense compute rate of one attention rank's accelerators.
func (w *worker) peakShare() float64 {
	return float64(w.densePeak) * float64(w.shape.TP*w.shape.PCP)
}

func (w *worker) bandwidthShare() float64 {
	return float64(w.accelerator.HBM.Bandwidth) * float64(w.shape.TP*w.shape.PCP)
}

// projecting is the rate at which the accelerators of a group run large projections.
func (w *worker) projecting() float64 {
	return w.peakShare() / float64(w.shape.PCP) * w.dense.ComputeEfficiency
}

// gemm is one dense projection on one accelerator.
func (w *worker) gemm(rows, columns, depth float64) float64 {
	return w.dense.Seconds(hardware.GEMMWork(rows, columns, depth, w.denseCompute()), w.densePeak,
		w.accelerator.HBM.Bandwidth)
}

// gemmLatency is the part of a projection's time that another kernel can hide:
// engines run the shared expert on a second stream or as one more of the
// routed ones, where it costs what it computes and streams, but no launches.
func (w *worker) gemmLatency(depth float64) float64 {
	return float64(w.dense.Floor) + float64(w.dense.PerUnit)*depth
}

// core prices an attention core on one accelerator, at the peak rate of the
// cache's format.
func (w *worker) core(r hardware.Roofline, work hardware.RooflineWork) float64 {
	return r.Seconds(work, w.cachePeak, w.accelerator.HBM.Bandwidth)
}

// link is what a group of so many accelerators talks over.
func (w *worker) link(group int) units.ByteRate {
	if group > w.cfg.System.Domain {
		return w.accelerator.ScaleOut
	}
	return w.accelerator.ScaleUp
}
