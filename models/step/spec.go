package step

import (
	"agentsim/models/hardware"
	"agentsim/units"
)

// EngineSpec is an inference engine at one date: which kernels it runs on
// which accelerator, and what it adds around them.
type EngineSpec struct {
	Name    string `yaml:"name"`
	Family  string `yaml:"family"` // trtllm | vllm | sglang | …
	Version string `yaml:"version,omitempty"`
	Date    string `yaml:"date"`

	// Era says which runs of the family the preset stands for where only their
	// version or their day is known. Zero = those that no other preset stands for.
	Era Era `yaml:"era,omitempty"`

	// Kernels is the last part of the names of the kernel presets that the
	// engine runs: vllm for h200-vllm. They hold what depends on the accelerator.
	Kernels string `yaml:"kernels"`

	Host      HostCost      `yaml:"host"`
	Schedule  Schedule      `yaml:"schedule,omitempty"`
	Memory    MemoryPolicy  `yaml:"memory"`
	Cache     CacheRules    `yaml:"cache,omitempty"`
	Exchange  Exchange      `yaml:"exchange"`
	Graphs    []int         `yaml:"graphs,omitempty"`  // captured decode batches per rank, to which batches are padded
	Handshake units.Seconds `yaml:"handshake"`         // prefill to decode, once per request
	Recipes   Recipes       `yaml:"recipes,omitempty"` // what its public recipes set

	// Efficiency divides every kernel time once more, beside that of the kernel
	// preset: 0.8 asks what 1.25 times slower kernels would do. Presets say 1.
	Efficiency float64          `yaml:"efficiency"`
	Sources    hardware.Sources `yaml:"sources"`
}

// Era is a range of versions, or all days before one.
type Era struct {
	From   string `yaml:"from,omitempty"`   // first version
	Before string `yaml:"before,omitempty"` // version after the last
	Until  string `yaml:"until,omitempty"`  // first day after it, such as 2026-05-01
}

// Holds reports whether a run of a version, or on a day, falls in the era. What
// is not known is empty; a version that is no number is not known.
func (e *Era) Holds(version, day string) bool {
	if e.Before != "" && version != "" && version[0] >= '0' && version[0] <= '9' {
		return hardware.CompareVersions(version, e.Before) < 0 && hardware.CompareVersions(version, e.From) >= 0
	}
	return e.Until != "" && day != "" && day < e.Until
}

// HostCost is what the CPU side adds.
type HostCost struct {
	// PerStep is what no schedule hides: the launch of a step, and the way of
	// its tokens back.
	PerStep units.Seconds `yaml:"per_step"`
	// Loop is the scheduler's work for one step, with PerSequence for every
	// sequence of the busiest rank; schedule.host.hidden says under what it runs.
	Loop        units.Seconds `yaml:"loop,omitempty"`
	PerSequence units.Seconds `yaml:"per_sequence,omitempty"`
	// Launch is the time to launch the kernels of one layer one by one, and
	// LaunchMany that of one whose attention is many small ones: a state, an
	// indexer, compressed entries. Where schedule.host.graphs leaves a step out,
	// it takes no less.
	Launch     units.Seconds `yaml:"launch,omitempty"`
	LaunchMany units.Seconds `yaml:"launch_many,omitempty"`
	// Replay is the time of the small kernels in front of and behind the core of
	// a layer that keeps a state (convolution, gates, norms), also in a graph.
	// No table measures them.
	Replay units.Seconds `yaml:"replay,omitempty"`

	Ingress units.Seconds `yaml:"ingress"` // per request: HTTP, router, scheduling, beside the work below
	// The work of the front end, done by Processes for every accelerator of the
	// deployment, whose hosts have cores in proportion (0 = as many as it takes):
	// a request waits for a free one.
	Processes      int           `yaml:"processes,omitempty"`
	PerRequest     units.Seconds `yaml:"per_request,omitempty"`      // routing and orchestrating a request
	PerPromptToken units.Seconds `yaml:"per_prompt_token"`           // tokenising and hashing the whole prompt
	PerOutputToken units.Seconds `yaml:"per_output_token,omitempty"` // detokenising and streaming
}

// What a share of memory is of: all of it (vLLM's gpu_memory_utilization), or
// what is free after loading and a trial step, of which TensorRT-LLM's
// free_gpu_memory_fraction goes to the cache (engine-caches.md 5).
const (
	OfTotal = "total"
	OfFree  = "free"
)

// MemoryPolicy is what an engine leaves for the cache, modelling.md eq. (11).
type MemoryPolicy struct {
	Utilisation float64 `yaml:"utilisation"` // share of memory the engine may use
	// UtilisationOf says of which memory: total (or empty), all of it; free, what
	// weights, graphs and activations leave.
	UtilisationOf  string          `yaml:"utilisation_of,omitempty"`
	Reserved       units.Bytes     `yaml:"reserved"`               // graphs, communication buffers, runtime
	PerBudgetToken units.Bytes     `yaml:"per_budget_token"`       // activations per token of the step's budget
	Fragmentation  float64         `yaml:"fragmentation"`          // cache pages over useful bytes, ≥ 1
	BlockTokens    int             `yaml:"block_tokens"`           // tokens per cache block
	IndexFormat    hardware.Format `yaml:"index_format,omitempty"` // of indexer keys
}

// Exchange is what expert-parallel ranks send each other per hidden element.
type Exchange struct {
	DispatchBytes float64 `yaml:"dispatch_bytes"`
	// AsComputed sends tokens to experts that compute in a 4-bit format in that
	// format: they are quantised before they leave.
	AsComputed   bool    `yaml:"as_computed,omitempty"`
	CombineBytes float64 `yaml:"combine_bytes"`
	Overlap      float64 `yaml:"overlap"`     // φ of modelling.md eq. (7), 0 … 1
	Deduplicate  bool    `yaml:"deduplicate"` // one copy per remote domain, forwarded inside it
	// Bulk has steps that hold prompts leave the domain in the mode for many
	// tokens, where the kernels have it.
	Bulk bool `yaml:"bulk,omitempty"`
	// PerRank sends a token once to every rank that holds any of its experts,
	// not once per expert.
	PerRank bool `yaml:"per_rank,omitempty"`
	// InSitu is the time of an exchange among ranks that arrive when they may
	// over that of the kernel measured alone; 0 = 1.
	InSitu float64 `yaml:"in_situ,omitempty"`
}

// DispatchedAs are the bytes of a hidden element on its way to an expert that
// computes in a format.
func (e *Exchange) DispatchedAs(compute hardware.Format) float64 {
	if e.AsComputed && (compute == hardware.NVFP4 || compute == hardware.MXFP4) {
		return min(e.DispatchBytes, hardware.BytesPerWeight(compute)) // as weights, elements share scales in small blocks
	}
	return e.DispatchBytes
}

// Precision is the storage format of each part as served.
type Precision struct {
	Experts hardware.Format `yaml:"experts"`
	Dense   hardware.Format `yaml:"dense"`
	KV      hardware.Format `yaml:"kv"`
}
