// Package llm describes transformer architectures and counts their work:
// parameters, FLOPs, bytes and cache entries of prefill and decode. It is
// made of pure functions that can be checked by hand.
//
// Read spec.go for what a model is, params.go for what it weighs, kinds.go for
// what a kind of attention has to say and the table of kinds, each of which has
// a file; work.go for what attention looks at, core.go for what that costs,
// components.go and cache.go for what it remembers. ImportHF turns a Hugging
// Face config.json into a Spec.
package llm

import "agentsim/models/hardware"

// AttentionKind names how a layer attends.
type AttentionKind string

// The attention kinds of modelling.md section 1.4.
const (
	GQA    AttentionKind = "gqa"    // multi-head and grouped-query
	Window AttentionKind = "window" // sliding window, same projections as GQA
	MLA    AttentionKind = "mla"    // DeepSeek V3 latent attention, absorbed in decode
	DSA    AttentionKind = "dsa"    // MLA with a lightning indexer (DeepSeek V3.2)
	CSA    AttentionKind = "csa"    // V4 compressed sparse: window + top-k of the c-fold compressed entries
	HCA    AttentionKind = "hca"    // V4 heavily compressed: window + all compressed entries
	SWA    AttentionKind = "swa"    // V4 window only (first Flash layers, MTP layer)
	Linear AttentionKind = "linear" // gated delta / linear attention: a state per sequence

	Chunked     AttentionKind = "chunked"    // GQA inside chunks of a fixed size (Llama 4)
	DSAShared   AttentionKind = "dsa_shared" // DSA with what an earlier layer's indexer picked (GLM-5.2)
	BlockSparse AttentionKind = "msa"        // GQA to the best blocks of tokens (MiniMax M3)
	Mamba       AttentionKind = "mamba"      // Mamba-2: a state per sequence (Nemotron)
	NoAttention AttentionKind = "none"       // a layer with nothing but a feed-forward network
)

// Attention is one attention module. Fields that a kind does not use are zero.
type Attention struct {
	Kind       AttentionKind `yaml:"kind"`
	Heads      int           `yaml:"heads,omitempty"` // query heads; linear attention has key and value heads instead
	KVHeads    int           `yaml:"kv_heads,omitempty"`
	HeadDim    int           `yaml:"head_dim,omitempty"`
	QLoRA      int           `yaml:"q_lora,omitempty"`
	KVLoRA     int           `yaml:"kv_lora,omitempty"`
	NopeDim    int           `yaml:"nope_dim,omitempty"`
	RopeDim    int           `yaml:"rope_dim,omitempty"`
	ValueDim   int           `yaml:"value_dim,omitempty"` // of one head; 0 = HeadDim
	Window     int           `yaml:"window,omitempty"`
	Compress   int           `yaml:"compress,omitempty"` // ratio c of CSA and HCA
	IndexHeads int           `yaml:"index_heads,omitempty"`
	IndexDim   int           `yaml:"index_dim,omitempty"`
	IndexTopK  int           `yaml:"index_top_k,omitempty"`
	OGroups    int           `yaml:"o_groups,omitempty"`
	OLoRA      int           `yaml:"o_lora,omitempty"`
	KeyHeads   int           `yaml:"key_heads,omitempty"`   // linear: heads of the key side
	KeyDim     int           `yaml:"key_dim,omitempty"`     // linear
	ValueHeads int           `yaml:"value_heads,omitempty"` // linear
	Conv       int           `yaml:"conv,omitempty"`        // linear: short convolution width
	Gated      bool          `yaml:"gated,omitempty"`       // output gate, as wide as the heads' output
	GateLoRA   int           `yaml:"gate_lora,omitempty"`   // linear: rank of low-rank decay and output gates
	// FullGate: beside a low-rank decay the output gate is of full rank (Kimi K3).
	FullGate bool `yaml:"full_gate,omitempty"`
	// KeyIsValue: one projection makes keys and values (Gemma 4). The cache
	// holds both, since only keys are rotated.
	KeyIsValue bool `yaml:"key_is_value,omitempty"`
}

// dimension is one dimension of an attention module under its name in a preset.
type dimension struct {
	name  string
	value *int
}

// dimensions lists all dimensions of the module, in the order of presets.
func (a *Attention) dimensions() []dimension {
	return []dimension{
		{"heads", &a.Heads}, {"kv_heads", &a.KVHeads}, {"head_dim", &a.HeadDim}, {"value_dim", &a.ValueDim},
		{"q_lora", &a.QLoRA}, {"kv_lora", &a.KVLoRA}, {"nope_dim", &a.NopeDim}, {"rope_dim", &a.RopeDim},
		{"window", &a.Window}, {"compress", &a.Compress}, {"o_groups", &a.OGroups}, {"o_lora", &a.OLoRA},
		{"index_heads", &a.IndexHeads}, {"index_dim", &a.IndexDim}, {"index_top_k", &a.IndexTopK},
		{"key_heads", &a.KeyHeads}, {"key_dim", &a.KeyDim}, {"value_heads", &a.ValueHeads},
		{"conv", &a.Conv}, {"gate_lora", &a.GateLoRA},
	}
}

// flag is one property of an attention module under its name in a preset.
type flag struct {
	name  string
	value *bool
}

// flags lists all properties of the module, in the order of presets. Which
// kinds may be gated is a matter of their rules.
func (a *Attention) flags() []flag {
	return []flag{{"gated", &a.Gated}, {"full_gate", &a.FullGate}, {"key_is_value", &a.KeyIsValue}}
}

// Block is a number of identical layers, wherever in the stack they stand:
// the order of layers costs nothing.
type Block struct {
	Count      int       `yaml:"count"`
	Attention  Attention `yaml:"attention"`
	Dense      int       `yaml:"dense,omitempty"`       // inner size of a dense FFN; 0 = experts
	NoFFN      bool      `yaml:"no_ffn,omitempty"`      // neither a dense FFN nor experts (Nemotron)
	HashRouted int       `yaml:"hash_routed,omitempty"` // of these layers, routed by token hash
}

// HasExperts reports whether the layers have experts.
func (b *Block) HasExperts() bool { return b.Dense == 0 && !b.NoFFN }

// Experts is the mixture of experts shared by all expert layers.
type Experts struct {
	Routed      int `yaml:"routed"`
	Shared      int `yaml:"shared"` // shared experts
	TopK        int `yaml:"top_k"`
	Inner       int `yaml:"inner"`
	SharedInner int `yaml:"shared_inner,omitempty"` // of one shared expert; 0 = Inner
	// Latent is the width at which routed experts work, between a projection
	// down from the hidden size and one up again (Nemotron 3 Super, Kimi K3);
	// 0 = the hidden size.
	Latent int `yaml:"latent,omitempty"`
}

// Spec is one model.
type Spec struct {
	Name       string           `yaml:"name"`
	Release    string           `yaml:"release,omitempty"` // what public runs call it; empty = its name
	Hidden     int              `yaml:"hidden"`
	Vocab      int              `yaml:"vocab"`
	TiedHead   bool             `yaml:"tied_head,omitempty"`
	PlainFFN   bool             `yaml:"plain_ffn,omitempty"` // two matrices per FFN instead of the gated three
	Blocks     []Block          `yaml:"blocks"`
	Experts    *Experts         `yaml:"experts,omitempty"`
	MTP        *Block           `yaml:"mtp,omitempty"`       // draft layer(s); not part of the main stack
	Residuals  int              `yaml:"residuals,omitempty"` // mHC streams; 0 or 1 = plain
	Vision     float64          `yaml:"vision,omitempty"`    // parameters of the tower for images, which no step passes
	MaxContext int              `yaml:"max_context"`
	Weights    WeightFormats    `yaml:"weights"`              // as published
	Acceptance []float64        `yaml:"acceptance,omitempty"` // mean tokens per step at draft depth 1, 2, …
	Published  Published        `yaml:"published,omitempty"`
	Sources    hardware.Sources `yaml:"sources"`
}

// WeightFormats are the storage formats of the published checkpoint.
type WeightFormats struct {
	Experts hardware.Format `yaml:"experts,omitempty"` // of the routed experts; empty without experts
	Dense   hardware.Format `yaml:"dense"`
}

// Published sizes, to check the computed ones against. They are rounded by
// their publishers, mostly to two or three digits.
type Published struct {
	Params float64 `yaml:"params,omitempty"`
	Active float64 `yaml:"active,omitempty"`
}

// CacheFormat says how cache entries are stored.
type CacheFormat struct {
	KV    hardware.Format `yaml:"kv"`
	Index hardware.Format `yaml:"index,omitempty"` // indexer keys; empty = fp8
}

// Work is what attention has to look at: Pairs are (query, key) pairs of the
// core (window plus compressed or selected entries), IndexPairs those of the
// indexer. In linear attention each token meets one key, the state.
type Work struct {
	Pairs      float64
	IndexPairs float64
}

// AttentionWeights splits the projection parameters of one layer by what
// tensor parallelism does to them.
type AttentionWeights struct {
	Sharded    float64 // divided over tp
	Replicated float64 // held whole by every rank
}

// Total is the number of parameters of one layer on one rank at tp 1.
func (w AttentionWeights) Total() float64 { return w.Sharded + w.Replicated }

// Params counts parameters of the whole model. Norms and biases, under a
// thousandth of any model, are left out.
type Params struct {
	Routed, Shared, Attention, Dense, Router, Embedding, Head, Residual, MTP float64
	Total, Active                                                            float64 // without MTP and Vision
	Vision                                                                   float64
}
