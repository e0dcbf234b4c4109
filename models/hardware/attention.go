package hardware

import "agentsim/units"

// Features are the sizes an attention module's time follows, on one rank and
// for one step.
type Features struct {
	Tokens     float64 // query tokens on the rank
	Pairs      float64 // (query, key) pairs of the core, summed over the rank's tokens
	IndexPairs float64 // the same of the indexer
	Context    float64 // mean context length of the tokens
}

// How much of a coefficient tensor parallelism divides where only one degree
// was measured: H200 SGLang CSA and HCA prefill at TP1 and TP8 (modelling.md
// 1.8). Floors and the indexer are replicated and do not shrink.
const (
	shardedPerToken = 0.80 // 0.856 → 0.265 and 0.761 → 0.180 µs per token
	shardedPerPair  = 0.49 // 0.519 → 0.289 and 0.518 → 0.308 ns per pair
)

// Seconds is the time of the module: eq. of modelling.md 1.8. With Exponent
// p > 1 the floor hides part of the rest: (floor^p + rest^p)^(1/p).
func (l Linear) Seconds(x Features) float64 {
	floor := float64(l.Floor)
	if l.LongFrom > 0 && x.Context >= float64(l.LongFrom) {
		floor = float64(l.LongFloor)
	}
	rest := l.slopes(x)
	if l.Exponent <= 1 {
		return floor + rest
	}
	return softMax(floor, rest, l.Exponent)
}

func (l Linear) slopes(x Features) float64 {
	return float64(l.PerToken)*x.Tokens + float64(l.PerPair)*x.Pairs + float64(l.PerIndexPair)*x.IndexPairs
}

// PrefillSeconds is the time of one layer's attention module for a prefill
// step at tensor-parallel degree tp.
func (k AttentionKernel) PrefillSeconds(tp int, x Features) float64 {
	return atTP(k.Prefill, tp).Seconds(x)
}

// DecodeSeconds is the same for a decode step. Where the kernel has grids, the
// one measured at the nearest degree gives the time, and the linear form only
// scales it to other degrees and extends it beyond its edge.
func (k AttentionKernel) DecodeSeconds(tp int, x Features) float64 {
	at := k.At(tp)
	return at.DecodeSeconds(x)
}

// AttentionAt is an attention module at one degree of tensor parallelism, with
// all that does not depend on the load worked out: a simulation asks for its time
// several times a step.
type AttentionAt struct {
	prefill, decode Linear
	table           *logGrid // nil = none
	// Where the grid was measured at another degree, its times go as the forms
	// as measured do from that degree to this one.
	scales         bool
	scaled, ofGrid Linear
}

// At is the module at a degree of tensor parallelism.
func (k AttentionKernel) At(tp int) AttentionAt {
	at := AttentionAt{prefill: atTP(k.Prefill, tp), decode: atTP(k.Decode, tp)}
	if len(k.Grids) > 0 {
		g := k.nearestGrid(tp)
		lines := k.asMeasured
		if lines == nil {
			lines = k.Decode
		}
		at.table, at.scales, at.scaled, at.ofGrid = g.logs(), tp != g.TP, atTP(lines, tp), atTP(lines, g.TP)
	}
	return at
}

// PrefillSeconds is the time of a layer's module for a prefill step.
func (k *AttentionAt) PrefillSeconds(x Features) float64 { return k.prefill.Seconds(x) }

// DecodeSeconds is the same for a decode step.
func (k *AttentionAt) DecodeSeconds(x Features) float64 {
	if k.table == nil {
		return k.decode.Seconds(x)
	}
	tokens, context := k.table.grid.inside(x.Tokens, x.Context)
	edge := x.at(tokens, context)
	t := k.table.at(tokens, context)
	if k.scales {
		t *= k.scaled.Seconds(edge) / k.ofGrid.Seconds(edge)
	}
	return t + max(0, k.decode.slopes(x)-k.decode.slopes(edge))
}

// DecodeOrder and PrefillOrder order loads by the time that the module takes for
// them: of two loads the one with the larger number takes no less. It is had
// without the powers that the time itself wants, so that the slowest of many
// ranks is found before it is priced. False where only the times tell.
func (k *AttentionAt) DecodeOrder(x Features) (float64, bool) {
	return k.decode.slopes(x), k.table == nil && k.decode.LongFrom == 0
}

// PrefillOrder is that of a prefill step.
func (k *AttentionAt) PrefillOrder(x Features) (float64, bool) {
	return k.prefill.slopes(x), k.prefill.LongFrom == 0
}

func (k AttentionKernel) nearestGrid(tp int) *Grid {
	best := &k.Grids[0]
	for i := range k.Grids {
		if logRatio(k.Grids[i].TP, tp) < logRatio(best.TP, tp) {
			best = &k.Grids[i]
		}
	}
	return best
}

// at moves features to another number of tokens and another context: pairs go
// with the tokens (a core that selects is saturated at a grid's edge), indexer
// pairs with both.
func (x Features) at(tokens, context float64) Features {
	if x.Tokens <= 0 || x.Context <= 0 {
		return Features{Tokens: tokens, Context: context}
	}
	share := tokens / x.Tokens
	return Features{
		Tokens:     tokens,
		Pairs:      x.Pairs * share,
		IndexPairs: x.IndexPairs * share * context / x.Context,
		Context:    context,
	}
}

// atTP is the linear form at a tensor-parallel degree: as measured, or each
// coefficient as a + c/tp through the two nearest measured degrees.
func atTP(measured []Linear, tp int) Linear {
	if len(measured) == 0 {
		return Linear{}
	}
	tp = max(tp, 1)
	low, high := neighbours(measured, tp)
	switch {
	case low.TP == tp || low.TP == 0:
		return low
	case high.TP == tp:
		return high
	case low.TP == high.TP:
		return low.shard(tp)
	}
	return between(low, high, tp)
}

// neighbours are the two measured degrees around tp, or the two at the end
// beyond which tp lies. The list is sorted by TP.
func neighbours(measured []Linear, tp int) (Linear, Linear) {
	last := len(measured) - 1
	i := 0
	for i < last-1 && measured[i+1].TP <= tp {
		i++
	}
	return measured[i], measured[min(i+1, last)]
}

// shard moves a form that was measured at one degree only.
func (l Linear) shard(tp int) Linear {
	ratio := float64(l.TP) / float64(tp)
	l.PerToken *= units.Seconds(1 - shardedPerToken + shardedPerToken*ratio)
	l.PerPair *= units.Seconds(1 - shardedPerPair + shardedPerPair*ratio)
	l.TP = tp
	return l
}

// between solves a + c/tp for each coefficient; none falls below 0.
func between(low, high Linear, tp int) Linear {
	x0, x1 := 1/float64(low.TP), 1/float64(high.TP)
	share := units.Seconds((1/float64(tp) - x0) / (x1 - x0))
	mix := func(a, b units.Seconds) units.Seconds { return max(0, a+(b-a)*share) }
	out := low
	out.TP = tp
	out.Floor = mix(low.Floor, high.Floor)
	out.LongFloor = mix(low.LongFloor, high.LongFloor)
	out.PerToken = mix(low.PerToken, high.PerToken)
	out.PerPair = mix(low.PerPair, high.PerPair)
	out.PerIndexPair = mix(low.PerIndexPair, high.PerIndexPair)
	return out
}
