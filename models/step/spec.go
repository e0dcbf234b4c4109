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

	// Kernels names the kernel preset per accelerator.
	Kernels map[string]string `yaml:"kernels"`
	// ExpertsPath names the kernel path of the routed experts per accelerator,
	// for the format the experts are served in: "gb300/mxfp4": megamoe-w4a8.
	// Of several names, as "nvfp4|nvfp4-min-latency", each step runs the fastest that the kernel set has.
	ExpertsPath map[string]string `yaml:"experts_path"`

	Host      HostCost      `yaml:"host"`
	Memory    MemoryPolicy  `yaml:"memory"`
	Exchange  Exchange      `yaml:"exchange"`
	Graphs    []int         `yaml:"graphs,omitempty"` // captured decode batches per rank, to which batches are padded
	Handshake units.Seconds `yaml:"handshake"`        // prefill to decode, once per request

	// Eager multiplies the kernel times of steps that hold prompts: their
	// kernels are launched one by one, not as a captured graph, and run for so
	// long that clocks settle below those of the tables. 0 = 1. EagerOn
	// replaces it by accelerator and format of the experts, as "b200/fp8".
	Eager   float64            `yaml:"eager,omitempty"`
	EagerOn map[string]float64 `yaml:"eager_on,omitempty"`
	// Efficiency divides every kernel time; 1 = as the kernel tables say.
	// EfficiencyOn replaces it on the accelerators that it names.
	Efficiency   float64            `yaml:"efficiency"`
	EfficiencyOn map[string]float64 `yaml:"efficiency_on,omitempty"`
	Sources      hardware.Sources   `yaml:"sources"`
}

// HostCost is what the CPU side adds.
type HostCost struct {
	PerStep        units.Seconds `yaml:"per_step"`         // scheduler and launch time not hidden behind the accelerator
	Ingress        units.Seconds `yaml:"ingress"`          // per request: HTTP, router, scheduling
	PerPromptToken units.Seconds `yaml:"per_prompt_token"` // tokenising, hashing and serialising the whole prompt
}

// MemoryPolicy is what an engine leaves for the cache, modelling.md eq. (11).
type MemoryPolicy struct {
	Utilisation    float64         `yaml:"utilisation"`            // share of HBM the engine may use
	Reserved       units.Bytes     `yaml:"reserved"`               // graphs, communication buffers, runtime
	PerBudgetToken units.Bytes     `yaml:"per_budget_token"`       // activations per token of the step's budget
	Fragmentation  float64         `yaml:"fragmentation"`          // cache pages over useful bytes, ≥ 1
	BlockTokens    int             `yaml:"block_tokens"`           // tokens per cache block
	IndexFormat    hardware.Format `yaml:"index_format,omitempty"` // of indexer keys
}

// Exchange is what expert-parallel ranks send each other per hidden element.
type Exchange struct {
	DispatchBytes float64 `yaml:"dispatch_bytes"`
	CombineBytes  float64 `yaml:"combine_bytes"`
	Overlap       float64 `yaml:"overlap"`     // φ of modelling.md eq. (7), 0 … 1
	Deduplicate   bool    `yaml:"deduplicate"` // one copy per remote domain, forwarded inside it
	// PerRank sends a token once to every rank that holds any of its experts,
	// not once per expert.
	PerRank bool `yaml:"per_rank,omitempty"`
	// InSitu is the time of an exchange among ranks that arrive when they may
	// over that of the kernel measured alone; 0 = 1.
	InSitu float64 `yaml:"in_situ,omitempty"`
}

// Precision is the storage format of each part as served.
type Precision struct {
	Experts hardware.Format `yaml:"experts"`
	Dense   hardware.Format `yaml:"dense"`
	KV      hardware.Format `yaml:"kv"`
}
