package llm

// Split says what tensor parallelism does to a projection.
type Split uint8

// The ways a projection is held.
const (
	Whole   Split = iota // by every rank
	Columns              // outputs are divided: heads
	Depth                // inputs are divided: heads, on the way out
)

// Projection is one matrix of an attention module: Columns outputs from Depth
// inputs.
type Projection struct {
	Columns, Depth float64
	Split          Split
}

// On returns the projection's columns and depth on one of tp ranks.
func (p Projection) On(tp int) (columns, depth float64) {
	switch p.Split {
	case Columns:
		return p.Columns / float64(tp), p.Depth
	case Depth:
		return p.Columns, p.Depth / float64(tp)
	}
	return p.Columns, p.Depth
}

// Weights counts the projection parameters of one layer (modelling.md 1.3).
// Heads are sharded over tp; down-projections, the shared KV, compressors and
// the indexer are held whole by every rank, as engines do.
func (a Attention) Weights(hidden int) AttentionWeights {
	return a.kind().weights(a, float64(hidden))
}

// Projections lists the matrices an engine runs for one layer's attention, in
// order, those with the same input as one. Their sizes sum to Weights, but
// for convolutions.
func (a Attention) Projections(hidden int) []Projection {
	return a.kind().projections(a, float64(hidden))
}
