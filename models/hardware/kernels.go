package hardware

import "agentsim/units"

// KernelSet holds the operator constants of one accelerator under one engine
// version. Presets hold fits, never raw tables.
type KernelSet struct {
	Name        string `yaml:"name"`
	Accelerator string `yaml:"accelerator"` // on which the constants hold: an accelerator preset, or the path of one
	Engine      string `yaml:"engine"`      // family, e.g. trtllm
	Version     string `yaml:"version,omitempty"`

	// Efficiency divides every kernel time, as serving runs of the engine on the
	// accelerator ask; 1 = as the constants say.
	Efficiency float64 `yaml:"efficiency"`
	// Eager multiplies the kernel times of steps that hold prompts: their kernels
	// are launched one by one, not as a captured graph, and run for so long that
	// clocks settle below those of the tables. EagerFor replaces it by the format
	// of the experts. 0 = 1.
	Eager    float64            `yaml:"eager,omitempty"`
	EagerFor map[Format]float64 `yaml:"eager_for,omitempty"`
	// ExpertsPath names, by the format that experts are served in, the entry of
	// Experts that they run on. Of several, as "nvfp4|nvfp4-min-latency", each
	// step runs the fastest that is there.
	ExpertsPath map[Format]string `yaml:"experts_path,omitempty"`

	// Older says how much longer kernels of versions before the tables' take.
	Older []OlderKernels `yaml:"older,omitempty"`

	// GEMM holds dense projections by compute format.
	GEMM map[Format]Roofline `yaml:"gemm"`
	// Experts holds routed experts by kernel path, e.g. marlin-w4a16.
	Experts map[string]ExpertKernel `yaml:"experts"`
	// Attention holds whole modules; see AttentionFor.
	Attention map[string]AttentionKernel `yaml:"attention"`
	// Core holds attention without projections; see CoreFor.
	Core map[string]Roofline `yaml:"core"`

	Residual       *Linear    `yaml:"residual,omitempty"` // mHC pre + post, per layer
	Small          Linear     `yaml:"small"`              // norms, router and other small kernels, per layer
	AllReduce      Collective `yaml:"all_reduce"`
	AllGather      Collective `yaml:"all_gather"` // also reduce-scatter
	Dispatch       Collective `yaml:"dispatch"`   // expert all-to-all inside the domain
	Combine        Collective `yaml:"combine"`
	RemoteDispatch Collective `yaml:"remote_dispatch"` // the same over the scale-out link
	RemoteCombine  Collective `yaml:"remote_combine"`
	// The same in the mode for many tokens, which steps that hold prompts use: a
	// token crosses once to every domain with any of its experts and is forwarded
	// inside. Without an efficiency the engine has no such mode.
	RemoteBulkDispatch Collective `yaml:"remote_bulk_dispatch,omitempty"`
	RemoteBulkCombine  Collective `yaml:"remote_bulk_combine,omitempty"`
	Transfer           Collective `yaml:"transfer"` // KV from prefill to decode
	Sources            Sources    `yaml:"sources"`

	// Holds is the accelerator of that name, as its preset says; nil = whichever
	// the set is used on.
	Holds *Accelerator `yaml:"-"`
}

// OlderKernels is what earlier versions of the engine took of the time that the
// constants say; see AsOf.
type OlderKernels struct {
	From    string             `yaml:"from,omitempty"` // first version of which it holds; empty = all before
	Before  string             `yaml:"before"`         // first version of which it does not hold
	Experts map[string]float64 `yaml:"experts"`        // by entry of the set's experts
}

// EagerWith is the factor on steps that hold prompts, with experts served in a
// format.
func (k *KernelSet) EagerWith(experts Format) float64 {
	if factor, ok := k.EagerFor[experts]; ok {
		return factor
	}
	if k.Eager == 0 {
		return 1
	}
	return k.Eager
}

// Roofline is the soft roofline of modelling.md eq. (1) and (2), with two
// terms for what runs before and after the main loop of a kernel:
//
//	t = floor + per_unit·units + per_group·groups + streamed/(BW·stream_efficiency)
//	  + [(F/(peak·eta_f(m)))^p + (bytes/(BW·eta_m))^p]^(1/p)
//
// with eta_f(m) = compute_efficiency·m/(m+half_rows). What units, groups
// and streamed bytes are is said by the constructor of each kind of RooflineWork.
type Roofline struct {
	Floor             units.Seconds `yaml:"floor"`
	PerUnit           units.Seconds `yaml:"per_unit,omitempty"`
	PerGroup          units.Seconds `yaml:"per_group,omitempty"`
	StreamEfficiency  float64       `yaml:"stream_efficiency,omitempty" scale:"-1"` // 0 = streamed bytes cost nothing
	ComputeEfficiency float64       `yaml:"compute_efficiency" scale:"-1"`
	MemoryEfficiency  float64       `yaml:"memory_efficiency" scale:"-1"`
	HalfRows          float64       `yaml:"half_rows,omitempty" scale:"0"`
	Exponent          float64       `yaml:"exponent" scale:"0"` // p; 0 means max()
}

// Linear is a module whose time is linear in its features:
// t = floor + per_token·n + per_pair·pairs + per_index_pair·index pairs,
// with long_floor in place of floor from long_from tokens of context on.
// With exponent p it is (floor^p + (the rest)^p)^(1/p).
type Linear struct {
	TP           int           `yaml:"tp,omitempty" scale:"0"`     // tensor-parallel degree it was measured at; 0 = any
	Hidden       int           `yaml:"hidden,omitempty" scale:"0"` // hidden size it was measured at; 0 = any
	Floor        units.Seconds `yaml:"floor"`
	LongFloor    units.Seconds `yaml:"long_floor,omitempty"`
	LongFrom     int           `yaml:"long_from,omitempty" scale:"0"`
	PerToken     units.Seconds `yaml:"per_token"`
	PerPair      units.Seconds `yaml:"per_pair,omitempty"`
	PerIndexPair units.Seconds `yaml:"per_index_pair,omitempty"`
	Exponent     float64       `yaml:"exponent,omitempty" scale:"0"` // over 1: the floor hides part of the rest
}

// AttentionKernel is a whole attention module (projections, indexer, core,
// output) as measured for one model shape at one or more tensor-parallel
// degrees.
type AttentionKernel struct {
	Kind    string   `yaml:"kind,omitempty"`             // attention kind; empty = the preset's name for it
	Hidden  int      `yaml:"hidden,omitempty" scale:"0"` // of the measured model; 0 = unknown
	Heads   int      `yaml:"heads,omitempty" scale:"0"`  // query heads of the measured model, over all ranks
	Dense   Format   `yaml:"dense,omitempty"`            // of the projections
	KV      Format   `yaml:"kv,omitempty"`               // of the cache
	Prefill []Linear `yaml:"prefill"`
	Decode  []Linear `yaml:"decode"`
	// Grids give decode where no smooth form follows; beyond their edge the
	// slopes of Decode extend them.
	Grids []Grid `yaml:"grids,omitempty"`

	// asMeasured is Decode before other figures of the accelerator moved it: it
	// carries grids from one degree to another.
	asMeasured []Linear
}

// Grid is a table of derived points, bilinear in log space: rows are query
// tokens on the rank, columns the mean context.
type Grid struct {
	TP      int               `yaml:"tp" scale:"0"`
	Tokens  []float64         `yaml:"tokens" scale:"0"`
	Context []float64         `yaml:"context" scale:"0"`
	Time    [][]units.Seconds `yaml:"time"` // [token][context]
}

// ExpertKernel is one way of running the routed experts of a layer.
type ExpertKernel struct {
	Weights  Format        `yaml:"weights"`          // storage format
	Compute  Format        `yaml:"compute"`          // rate it computes at: fp8 for W4A8, bf16 for W4A16
	Fused    bool          `yaml:"fused"`            // dispatch and combine are inside the kernel
	Sent     bool          `yaml:"sent,omitempty"`   // runs behind a dispatch alone, on the tokens sent to the rank
	Kernel   string        `yaml:"kernel,omitempty"` // as the engine calls it
	Since    string        `yaml:"since,omitempty"`  // version of the engine from which the constants hold
	Before   string        `yaml:"before,omitempty"` // the entry of Experts that holds for versions before; see AsOf
	Roofline *Roofline     `yaml:"roofline,omitempty"`
	Curves   []ExpertCurve `yaml:"curves,omitempty"` // for shapes whose times no roofline follows
	// Balance is the FLOP per byte of the accelerator that the curves are of:
	// the peak of the compute format over the memory bandwidth. It says which of
	// the two bounds a point; 0 = the balance of the accelerator at hand.
	Balance float64 `yaml:"balance,omitempty"`
	// DynamicPower is drawn on top of idle and active while the kernel runs,
	// where useful FLOPs and bytes do not describe its work (dequantisation).
	DynamicPower units.Watts `yaml:"dynamic_power,omitempty" scale:"0"`
	// Slower multiplies its time, as AsOf decides; 0 = 1.
	Slower float64 `yaml:"-"`
}

// ExpertCurve is measured time against tokens for one reference shape,
// balanced routing; other shapes scale it by weight bytes and FLOPs.
type ExpertCurve struct {
	Hidden  int             `yaml:"hidden" scale:"0"`
	Inner   int             `yaml:"inner" scale:"0"`
	Experts int             `yaml:"experts" scale:"0"`
	TopK    int             `yaml:"top_k" scale:"0"`
	TP      int             `yaml:"tp" scale:"0"`
	EP      int             `yaml:"ep" scale:"0"`
	Floor   units.Seconds   `yaml:"floor"` // the part that does not grow with the shape
	Tokens  []float64       `yaml:"tokens" scale:"0"`
	Time    []units.Seconds `yaml:"time"`
}

// Collective is t = floor + bytes/(link·efficiency), bytes per rank. Where
// the engine switches to an algorithm with a higher latency and a better use
// of the link, t is the lower of the two.
type Collective struct {
	Floor           units.Seconds `yaml:"floor"`
	Efficiency      float64       `yaml:"efficiency" scale:"-1"`
	LargeFloor      units.Seconds `yaml:"large_floor,omitempty"`
	LargeEfficiency float64       `yaml:"large_efficiency,omitempty" scale:"-1"` // 0 = one algorithm for all sizes
}
