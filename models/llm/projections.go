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

// Projections lists the matrices an engine runs for one layer's attention, in
// order, those with the same input as one. Their sizes sum to Weights, but
// for convolutions.
func (a Attention) Projections(hidden int) []Projection {
	h := float64(hidden)
	switch a.Kind {
	case GQA, Window:
		outputs := float64(a.Heads) * float64(a.valueDim())
		in := float64(a.Heads)*float64(a.HeadDim) + float64(a.KVHeads)*float64(a.HeadDim+a.valueDim())
		if a.Gated {
			in += outputs
		}
		return []Projection{{in, h, Columns}, {h, outputs, Depth}}
	case MLA, DSA:
		return a.latentProjections(h)
	case CSA, HCA, SWA:
		return a.compressedProjections(h)
	case Linear:
		w := a.linearWeights(h)
		values := float64(a.ValueHeads) * float64(a.ValueDim)
		in := (w.Sharded - values*h) / h
		list := []Projection{{in, h, Columns}, {h, values, Depth}}
		if w.Replicated > 0 {
			list = append(list, Projection{w.Replicated / h, h, Whole})
		}
		return list
	}
	return nil
}

func (a Attention) latentProjections(h float64) []Projection {
	heads := float64(a.Heads)
	queries := heads * float64(a.NopeDim+a.RopeDim)
	values := heads * float64(a.ValueDim)
	expand := Projection{heads * float64(a.NopeDim+a.ValueDim), float64(a.KVLoRA), Columns}
	list := []Projection{{float64(a.QLoRA + a.latentDim()), h, Whole}, {queries, float64(a.QLoRA), Columns}, expand,
		{h, values, Depth}}
	if a.QLoRA == 0 {
		list = []Projection{{queries, h, Columns}, {float64(a.latentDim()), h, Whole}, expand, {h, values, Depth}}
	}
	if a.Gated {
		list = append(list, Projection{values, h, Columns})
	}
	if a.Kind == DSA {
		list = append(list, Projection{(a.indexerWeights(h) + h*float64(a.IndexDim)) / h, h, Whole})
	}
	return list
}

func (a Attention) compressedProjections(h float64) []Projection {
	w := a.compressedWeights(h)
	width := float64(a.Heads) * float64(a.HeadDim)
	groups := float64(a.OGroups)
	up := Projection{width, float64(a.QLoRA), Columns}
	down := w.Replicated / h
	if a.QLoRA == 0 {
		up = Projection{width, h, Columns}
	}
	// The grouped half of the output projection runs as one batched matrix.
	return []Projection{{down, h, Whole}, up, {float64(a.OLoRA) * groups, width / groups, Columns},
		{h, groups * float64(a.OLoRA), Depth}}
}
