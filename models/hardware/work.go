package hardware

// RooflineWork is what one kernel launch does on one rank.
type RooflineWork struct {
	FLOPs    float64
	Bytes    float64 // read and written in accelerator memory by the main loop
	Rows     float64 // rows per GEMM (per expert for a grouped one); 0 where HalfRows is unused
	Units    float64 // serial work; what a unit is depends on the operator
	Groups   float64 // GEMMs of a grouped one
	Streamed float64 // bytes that passes around the main loop move
}

// bytesBF16Pass is what an element costs that is read and written as BF16.
const bytesBF16Pass = 2 * bytesBF16

// GEMMWork is a dense projection of rows × depth activations by depth ×
// columns weights stored in f. A unit is one step along the depth, which the
// kernel walks serially; below BF16 the activations are quantised first, which
// streams them.
func GEMMWork(rows, columns, depth float64, f Format) RooflineWork {
	w := RooflineWork{
		FLOPs: 2 * rows * columns * depth,
		Bytes: columns*depth*BytesPerWeight(f) + rows*columns*bytesBF16,
		Rows:  rows,
		Units: depth,
	}
	activation := bytesBF16
	if f != BF16 && f != INT8 && f != INT4 {
		activation = BytesPerWeight(f)
		w.Streamed = rows * depth * (bytesBF16 + activation)
	}
	w.Bytes += rows * depth * activation
	return w
}

// CoreWork describes softmax attention without its projections: one step of
// one rank.
type CoreWork struct {
	Tokens    float64 // query tokens
	Sequences float64
	Pairs     float64 // (query, key) pairs, summed over tokens
	Keys      float64 // cached entries read, summed over sequences
	Heads     float64 // query heads on the rank
	KVHeads   float64 // cache heads on the rank
	KeyDim    float64 // per head, of queries and keys
	ValueDim  float64 // per head, of values
	EntrySize float64 // bytes of one cached token, all cache heads of the rank
}

// queryTile is how many queries of a head one block of the kernel takes
// (FlashAttention-3 and its successors, published with their code).
const queryTile = 128

// Prefill is the work of a prompt: queries, new keys and values and outputs
// stream through memory; rows are blocks of queries, of which it takes some to
// fill the accelerator; a unit is one (head, query, key) score, whose
// exponential runs outside the matrix units.
func (c CoreWork) Prefill() RooflineWork {
	queries := c.Tokens * c.Heads * (c.KeyDim + c.ValueDim)
	entries := c.Tokens * c.KVHeads * (c.KeyDim + c.ValueDim)
	return RooflineWork{
		FLOPs: c.flops(),
		Bytes: (queries+entries)*bytesBF16 + c.Keys*c.EntrySize,
		Rows:  c.Heads * max(c.Sequences, c.Tokens/queryTile),
		Units: c.Heads * c.Pairs,
	}
}

// Decode is the work of decoding sequences: the cache is read once; a unit is
// one (sequence, cache head), which the kernel schedules as a block.
func (c CoreWork) Decode() RooflineWork {
	return RooflineWork{
		FLOPs: c.flops(),
		Bytes: c.Keys * c.EntrySize,
		Rows:  c.Tokens,
		Units: c.Sequences * c.KVHeads,
	}
}

func (c CoreWork) flops() float64 {
	return 2 * c.Heads * (c.KeyDim + c.ValueDim) * c.Pairs
}

// DeltaWork describes a gated delta layer without its projections (short
// convolution and recurrence): one step of one rank.
type DeltaWork struct {
	Tokens     float64
	Sequences  float64
	Longest    float64 // tokens of the longest sequence in this step
	KeyHeads   float64
	ValueHeads float64
	KeyDim     float64
	ValueDim   float64
}

// deltaProducts are the matrix-vector products of one token with one head's
// state: read, correct, write, output.
const deltaProducts = 4

// Work counts the state as read and written once a sequence in FP32, keys,
// queries, values and outputs as streamed through the convolution and the
// recurrence; a unit is one token of the longest sequence, which is serial.
func (d DeltaWork) Work() RooflineWork {
	const state = 2 * 4 // read and written, FP32
	values := d.Tokens * (2*d.KeyHeads*d.KeyDim + d.ValueHeads*d.ValueDim)
	return RooflineWork{
		FLOPs:    2 * deltaProducts * d.Tokens * d.ValueHeads * d.KeyDim * d.ValueDim,
		Bytes:    state * d.Sequences * d.ValueHeads * d.KeyDim * d.ValueDim,
		Rows:     d.Tokens,
		Units:    d.Longest,
		Streamed: bytesBF16Pass * values,
	}
}
