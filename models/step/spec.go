// Package step composes architecture, experts, hardware and engine into the
// time and energy of one step of a worker, and into the memory budget of its
// ranks. A Model is built once per configuration and is immutable after that.
package step

import (
	"fmt"

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

// Shape is how one worker spreads over its accelerators.
type Shape struct {
	Accelerators    int  `yaml:"accelerators"`
	TP              int  `yaml:"tp,omitempty"`           // of attention; 0 = 1 under dp_attention, else all
	EP              int  `yaml:"ep,omitempty"`           // expert-parallel ranks; 1 = experts split by tp
	DPAttention     bool `yaml:"dp_attention,omitempty"` // every TP group serves its own sequences
	TokenBudget     int  `yaml:"token_budget,omitempty"` // tokens a rank may process in one step
	MaxBatchPerRank int  `yaml:"max_batch_per_rank,omitempty"`
	DraftTokens     int  `yaml:"draft_tokens,omitempty"`
}

// Normalised returns the shape with its defaults filled in.
func (s Shape) Normalised() Shape {
	if s.TP == 0 {
		s.TP = s.Accelerators
		if s.DPAttention {
			s.TP = 1
		}
	}
	if s.EP == 0 {
		s.EP = 1
	}
	return s
}

// Ranks is the number of attention ranks: groups of TP accelerators that
// each hold their own sequences. The shape must be normalised.
func (s Shape) Ranks() int { return s.Accelerators / s.TP }

// Precision is the storage format of each part as served.
type Precision struct {
	Experts hardware.Format `yaml:"experts"`
	Dense   hardware.Format `yaml:"dense"`
	KV      hardware.Format `yaml:"kv"`
}

// Validate reports the first rule that a normalised shape breaks.
func (s Shape) Validate() error {
	switch {
	case s.Accelerators < 1:
		return fmt.Errorf("accelerators: %d: a worker needs at least 1", s.Accelerators)
	case s.TP < 1 || s.Accelerators%s.TP != 0:
		return fmt.Errorf("tp: %d does not divide the worker's %d accelerators", s.TP, s.Accelerators)
	case s.EP < 1 || s.Accelerators%s.EP != 0:
		return fmt.Errorf("ep: %d does not divide the worker's %d accelerators", s.EP, s.Accelerators)
	case !s.DPAttention && s.TP != s.Accelerators:
		return fmt.Errorf("tp: %d of %d accelerators without dp_attention: set dp_attention: true or tp: %d",
			s.TP, s.Accelerators, s.Accelerators)
	case s.TokenBudget < 0:
		return fmt.Errorf("token_budget: %d: want a positive number of tokens", s.TokenBudget)
	case s.MaxBatchPerRank < 0:
		return fmt.Errorf("max_batch_per_rank: %d: want a positive number of sequences", s.MaxBatchPerRank)
	case s.DraftTokens < 0:
		return fmt.Errorf("draft_tokens: %d: want 0 (no speculation) or more", s.DraftTokens)
	}
	return nil
}
