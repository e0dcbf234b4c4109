package llm

import "agentsim/models/hardware"

// kind is one way to attend. Its methods are pure functions of a module's
// dimensions. A new kind is a file with a type that has them and a line in the
// table of kinds; validation, presets, costs and the laws under test follow.
type kind interface {
	shaped
	projected
	attended
	remembered
}

// shaped says which dimensions describe a module.
type shaped interface {
	// dimensions names those that the kind cannot do without and those it may have.
	dimensions() (need, may []string)
	// rules are what else must hold of a module's dimensions.
	rules(a Attention) []rule
}

// projected counts what stands around the attention core in a layer.
type projected interface {
	weights(a Attention, hidden float64) AttentionWeights
	projections(a Attention, hidden float64) []Projection
}

// attended counts what the core looks at, and what that costs.
type attended interface {
	// until sums the work of queries 1…n of a sequence, exactly.
	until(a reach, n int64) Work
	// decode is the work of one query that sees context > 0 positions. It is
	// continuous: a part of a compressed entry counts as that part.
	decode(a reach, context float64) Work
	core(a Attention) Core
}

// remembered counts what a sequence leaves in memory.
type remembered interface {
	// entryBytes is the size of what one pair of the core reads: a token's keys
	// and values, an MLA latent, or one of V4's shared entries.
	entryBytes(a Attention, f hardware.Format) float64
	// components lists what one layer keeps of a sequence; how many layers have
	// it and over how many ranks it divides is filled in from outside.
	components(a Attention, f CacheFormat) layerComponents
	// shards is over how many tensor-parallel ranks the cache can be split.
	shards(a Attention) int
}

// rule is something that must hold of a field of a module.
type rule struct {
	holds bool
	field string
	value string
	want  string
}

// namedKind is a line of the table of kinds.
type namedKind struct {
	name AttentionKind
	kind kind
}

// kinds is the table of attention kinds.
func kinds() [13]namedKind {
	return [...]namedKind{
		{GQA, grouped{}},
		{Window, windowed{}},
		{MLA, latent{}},
		{DSA, indexedLatent{}},
		{CSA, compressedSparse{}},
		{HCA, compressedHeavily{}},
		{SWA, sharedWindow{}},
		{Linear, delta{}},
		{Chunked, chunked{}},
		{DSAShared, sharedIndex{}},
		{BlockSparse, blockSparse{}},
		{Mamba, mamba{}},
		{NoAttention, absent{}},
	}
}

// AttentionKinds lists the kinds that the program knows.
func AttentionKinds() []AttentionKind {
	var names []AttentionKind
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// known reports whether the kind is in the table.
func (k AttentionKind) known() bool {
	for _, named := range kinds() {
		if named.name == k {
			return true
		}
	}
	return false
}

// kind looks the module's kind up; one that is not in the table costs nothing,
// and Validate refuses it.
func (a Attention) kind() kind {
	for _, named := range kinds() {
		if named.name == a.Kind {
			return named.kind
		}
	}
	return absent{}
}

// MeasuredAs is the kind whose module, measured as a whole, stands in for this
// one where it was not measured itself: a window-only V4 layer runs the HCA module
// without its entries, and a DSA layer without an indexer is taken for one with.
func (k AttentionKind) MeasuredAs() AttentionKind {
	switch k {
	case SWA:
		return HCA
	case DSAShared:
		return DSA
	}
	return k
}

// CoreAs is the kind whose measured core stands in for this one's.
func (k AttentionKind) CoreAs() AttentionKind {
	switch k {
	case Mamba:
		return Linear
	case Chunked:
		return Window
	case DSAShared:
		return DSA
	}
	return k
}
