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

	// Kernels is the last part of the names of the kernel presets that the
	// engine runs: vllm for h200-vllm. They hold what depends on the accelerator.
	Kernels string `yaml:"kernels"`

	Host      HostCost      `yaml:"host"`
	Memory    MemoryPolicy  `yaml:"memory"`
	Cache     CacheRules    `yaml:"cache,omitempty"`
	Exchange  Exchange      `yaml:"exchange"`
	Graphs    []int         `yaml:"graphs,omitempty"` // captured decode batches per rank, to which batches are padded
	Handshake units.Seconds `yaml:"handshake"`        // prefill to decode, once per request

	// Efficiency divides every kernel time once more, beside that of the kernel
	// preset: 0.8 asks what 1.25 times slower kernels would do. Presets say 1.
	Efficiency float64          `yaml:"efficiency"`
	Sources    hardware.Sources `yaml:"sources"`
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
