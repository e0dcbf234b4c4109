package llm

// compressorOverlap: the CSA compressor pools two neighbouring runs of c
// tokens into each entry, so it projects and keeps twice the width
// (DeepSeek-V4 report; modelling.md 1.3 and eq. 10).
const compressorOverlap = 2

// Weights counts the projection parameters of one layer (modelling.md 1.3).
// Heads are sharded over tp; down-projections, the shared KV, compressors and
// the indexer are held whole by every rank, as engines do.
func (a Attention) Weights(hidden int) AttentionWeights {
	h := float64(hidden)
	switch a.Kind {
	case GQA, Window:
		return a.groupedWeights(h)
	case MLA:
		return a.latentWeights(h)
	case DSA:
		w := a.latentWeights(h)
		w.Replicated += a.indexerWeights(h) + h*float64(a.IndexDim)
		return w
	case CSA, HCA, SWA:
		return a.compressedWeights(h)
	case Linear:
		return a.linearWeights(h)
	}
	return AttentionWeights{}
}

func (a Attention) groupedWeights(hidden float64) AttentionWeights {
	queries := float64(a.Heads) * float64(a.HeadDim)
	outputs := float64(a.Heads) * float64(a.valueDim())
	keysValues := float64(a.KVHeads) * float64(a.HeadDim+a.valueDim())
	sharded := hidden * (queries + keysValues + outputs)
	if a.Gated {
		sharded += hidden * outputs
	}
	return AttentionWeights{Sharded: sharded}
}

func (a Attention) latentWeights(hidden float64) AttentionWeights {
	heads := float64(a.Heads)
	w := a.queryWeights(hidden, heads*float64(a.NopeDim+a.RopeDim))
	w.Replicated += hidden * float64(a.latentDim())
	w.Sharded += a.expansion() + heads*float64(a.ValueDim)*hidden
	if a.Gated {
		w.Sharded += hidden * heads * float64(a.ValueDim)
	}
	return w
}

// queryWeights is the query projection to width values, through QLoRA if any.
func (a Attention) queryWeights(hidden, width float64) AttentionWeights {
	if a.QLoRA == 0 {
		return AttentionWeights{Sharded: hidden * width}
	}
	rank := float64(a.QLoRA)
	return AttentionWeights{Sharded: rank * width, Replicated: hidden * rank}
}

// indexerWeights are the indexer's queries and the weights of its heads; how
// its keys are made differs between DSA and CSA.
func (a Attention) indexerWeights(hidden float64) float64 {
	from := float64(a.QLoRA)
	if a.QLoRA == 0 {
		from = hidden
	}
	return from*float64(a.IndexHeads)*float64(a.IndexDim) + hidden*float64(a.IndexHeads)
}

func (a Attention) compressedWeights(hidden float64) AttentionWeights {
	headDim := float64(a.HeadDim)
	w := a.queryWeights(hidden, float64(a.Heads)*headDim)
	w.Replicated += hidden * headDim
	w.Sharded += a.outputDownWeights() + float64(a.OGroups)*float64(a.OLoRA)*hidden
	const valuesAndScores = 2 // the compressor projects what to pool and how much of it
	switch a.Kind {
	case HCA:
		w.Replicated += valuesAndScores * hidden * headDim
	case CSA:
		w.Replicated += valuesAndScores * compressorOverlap * hidden * (headDim + float64(a.IndexDim))
		w.Replicated += a.indexerWeights(hidden)
	}
	return w
}

// outputDownWeights is the first, grouped half of V4's output projection: each
// of OGroups groups of heads goes to OLoRA values.
func (a Attention) outputDownWeights() float64 {
	return float64(a.Heads) * float64(a.HeadDim) * float64(a.OLoRA)
}

func (a Attention) linearWeights(hidden float64) AttentionWeights {
	keys := float64(a.KeyHeads) * float64(a.KeyDim)
	values := float64(a.ValueHeads) * float64(a.ValueDim)
	mixed := keys + keys + values
	sharded := hidden*(mixed+values) + float64(a.Conv)*mixed
	switch {
	case a.GateLoRA > 0: // decay per key dimension and output gate, both low-rank, and beta per head
		rank := float64(a.GateLoRA)
		decays := float64(a.ValueHeads) * float64(a.KeyDim)
		sharded += rank*(decays+values) + hidden*float64(a.ValueHeads)
		return AttentionWeights{Sharded: sharded, Replicated: 2 * hidden * rank}
	case a.Gated: // output gate, and decay and beta per head
		sharded += hidden * (values + 2*float64(a.ValueHeads))
	}
	return AttentionWeights{Sharded: sharded}
}
