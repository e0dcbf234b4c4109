package step

import (
	"agentsim/models/hardware"
)

// share is one rank's part of a step in one layer kind.
type share struct {
	// Of a group of tp: its part of the prompts where there are several groups.
	prefill, decode hardware.Features
	each            float64           // tokens of a decoding sequence
	near            hardware.Features // decode, with the part of the context that one accelerator sees
	prompts         float64           // prompt chunks in prefill
	prefix          float64           // cached tokens in front of them
	sequences       float64           // decoding
	cacheBytes      float64           // read by decode, one layer
}

// attend books the attention modules of one layer kind: the time of the
// slowest rank, the work of all.
func (k *layerKind) attend(l *ledger, index int, ranks []Rank, p part) {
	w := k.worker
	e := entry{
		operator: Attention,
		kind:     string(k.attention.Kind),
		count:    k.count,
		perFLOP:  w.energy.dense,
		busy:     w.energy.watts.decode,
	}
	var sum work
	var s share
	var cut Rank
	var slowest order // of the rank whose seconds are those of the entry
	for i := range ranks {
		if i > 0 && ranks[i].equals(&ranks[i-1]) { // as no rank is in a simulation, and most are in an estimate
			e.flops += sum.flops
			e.bytes += sum.bytes
			continue
		}
		k.share(&s, ranks[i].piece(p, &cut), index)
		tokens := s.prefill.Tokens + s.decode.Tokens
		if tokens == 0 {
			sum = work{}
			continue
		}
		sum = k.work(&s, tokens)
		ideal, moving := sum.flops/w.peakShare(), sum.bytes/w.bandwidthShare()
		place := k.order(&s)
		if place.within(slowest) && max(ideal, moving) <= e.seconds {
			e.flops += sum.flops
			e.bytes += sum.bytes
			continue
		}
		if seconds := max(k.seconds(&s), ideal, moving); seconds > e.seconds {
			e.seconds, e.ideal, e.moving = seconds, ideal, moving
			slowest = place
			e.constants, e.load = k.decodeConstants, hardware.Load{Rows: s.decode.Tokens, Context: s.decode.Context}
			if s.prefill.Tokens > s.decode.Tokens {
				e.busy = w.energy.watts.prefill
				e.constants = k.prefillConstants
				e.load = hardware.Load{Rows: s.prefill.Tokens, Context: s.prefill.Context}
			}
		}
		e.flops += sum.flops
		e.bytes += sum.bytes
	}
	l.add(&e)
}

// attended books attention with what is exchanged for it and around it.
func (k *layerKind) attended(l *ledger, index int, ranks []Rank, p part) {
	k.attend(l, index, ranks, p)
	k.exchangeContext(l, ranks, p)
	k.replay(l)
}

// replay books the small kernels around the core of a layer that keeps a state.
func (k *layerKind) replay(l *ledger) {
	if k.shape.Recurrent() {
		l.add(&entry{operator: Small, count: k.count, seconds: float64(k.worker.cfg.Engine.Host.Replay)})
	}
}

// share sorts a rank's load into the features of prefill and decode kernels.
func (k *layerKind) share(s *share, r *Rank, index int) {
	*s = share{}
	if r.PrefillTokens > 0 {
		n, groups, w := float64(r.PrefillTokens), float64(k.worker.shape.PCP), &r.PrefillWork[index]
		s.prefill = hardware.Features{Tokens: n / groups, Pairs: w.Pairs / groups, IndexPairs: w.IndexPairs / groups,
			Context: r.PrefillContext / n}
		s.prompts, s.prefix = float64(r.Prompts), r.Prefix
	}
	k.decodes(s, r)
}

// decodes sorts what a rank decodes into the features of decode kernels.
func (k *layerKind) decodes(s *share, r *Rank) {
	if r.Sequences > 0 {
		mean := r.Context / float64(r.Sequences)
		n := float64(r.Sequences * k.worker.perSequence)
		w := k.pairs.Decode(mean)
		s.decode = hardware.Features{Tokens: n, Pairs: n * w.Pairs, IndexPairs: n * w.IndexPairs, Context: mean}
		s.sequences, s.each = float64(r.Sequences), float64(k.worker.perSequence)
		s.near = s.decode
		if k.context > 1 {
			w = k.nearby(s, mean, w)
		}
		s.cacheBytes = s.sequences * (k.reads.Bytes(w) + k.keptStates())
	}
}

// seconds is one layer's attention on one rank. A mixed batch runs
// one module: decode tokens add their slope, not a second floor.
func (k *layerKind) seconds(s *share) float64 {
	if k.module == nil {
		return k.composed(s)
	}
	switch {
	case s.decode.Tokens == 0:
		return k.module.PrefillSeconds(s.prefill) + k.expanding(s)
	case s.prefill.Tokens == 0:
		return k.decoding(k.core(s), s.near)
	}
	more := k.decoding(k.core(s), s.near) - k.decoding(k.cores[0], single(s.near))
	return k.module.PrefillSeconds(s.prefill) + k.expanding(s) + max(0, more)
}

// single is one token of many.
func single(x hardware.Features) hardware.Features {
	x.Tokens, x.Pairs, x.IndexPairs = 1, x.Pairs/x.Tokens, x.IndexPairs/x.Tokens
	return x
}

// order is a number that the seconds of loads of one phase rise with, where that
// is known without the seconds.
type order struct {
	phase  phase
	number float64
}

// phase is what a rank does in a step.
type phase uint8

// The phases of which loads are in order.
const (
	unordered phase = iota
	prefilling
	decoding
)

// within reports whether a load takes no longer than another.
func (o order) within(slowest order) bool {
	return o.phase != unordered && o.phase == slowest.phase && o.number <= slowest.number
}

func (k *layerKind) order(s *share) order {
	if k.module == nil {
		return order{}
	}
	at, number, known := unordered, 0.0, false
	switch {
	case s.decode.Tokens == 0:
		at = prefilling
		number, known = k.module.PrefillOrder(s.prefill)
	case s.prefill.Tokens == 0:
		if k.core(s).module != nil {
			return order{}
		}
		at = decoding
		number, known = k.module.DecodeOrder(s.decode)
	}
	if !known {
		return order{}
	}
	return order{at, number}
}

// composed prices an attention kind without a measured module:
// projection by projection, then the core of each phase.
func (k *layerKind) composed(s *share) float64 {
	tokens := s.prefill.Tokens + s.decode.Tokens
	seconds := 0.0
	for _, p := range k.projections {
		seconds += k.worker.gemm(tokens, p.columns, p.depth)
	}
	if s.prefill.Tokens > 0 {
		seconds += k.worker.core(k.prefillCore, k.prefillWork(s))
		if expand := k.shape.Expand * s.prefix; expand > 0 {
			seconds += expand / k.worker.projecting()
		}
		seconds += k.expanding(s)
	}
	if s.decode.Tokens > 0 {
		seconds += k.worker.core(k.decodeCore, k.decodeWork(s))
	}
	return seconds
}

func (k *layerKind) prefillWork(s *share) hardware.RooflineWork {
	if k.shape.Recurrent() {
		return k.deltaWork(s.prefill.Tokens, s.prompts).Work()
	}
	c := k.prefillShape
	c.Tokens, c.Sequences, c.Pairs = s.prefill.Tokens, s.prompts, s.prefill.Pairs
	c.Keys = s.prefix + s.prefill.Tokens*float64(k.worker.shape.PCP)
	w := c.Prefill()
	w.FLOPs += s.prefill.IndexPairs * k.perIndex
	return w
}

func (k *layerKind) decodeWork(s *share) hardware.RooflineWork {
	if k.shape.Recurrent() {
		w := k.deltaWork(s.decode.Tokens, s.sequences).Work()
		w.Bytes += s.sequences * k.keptStates() / float64(k.worker.shape.TP)
		return w
	}
	c := k.decodeShape
	c.Tokens, c.Sequences, c.Pairs = s.near.Tokens, s.sequences, s.near.Pairs
	w := c.Decode()
	w.FLOPs += s.near.IndexPairs * k.perIndex
	w.Bytes = s.cacheBytes / float64(k.cacheShards)
	return w
}

// keptStates are the bytes that verifying drafts moves of a sequence beside what
// decoding one token does: until it is known how many are accepted, the state
// behind every token is kept, and then one of them is copied back.
func (k *layerKind) keptStates() float64 {
	if verified := k.worker.perSequence; verified > 1 {
		const visits = 2 // reading and writing, both in Reads.State
		return float64(verified-1+visits) * k.reads.State / visits
	}
	return 0
}

func (k *layerKind) deltaWork(tokens, sequences float64) hardware.DeltaWork {
	state, tp := k.shape.State, float64(k.worker.shape.TP)
	return hardware.DeltaWork{
		Tokens:     tokens,
		Sequences:  sequences,
		Longest:    tokens / max(1, sequences),
		KeyHeads:   float64(state.Key) / tp,
		ValueHeads: float64(state.Value) / tp,
		KeyDim:     float64(state.KeyDim),
		ValueDim:   float64(state.ValueDim),
	}
}

type work struct{ flops, bytes float64 }

// work counts one layer's attention over all accelerators of a rank.
func (k *layerKind) work(s *share, tokens float64) work {
	const perWeight = 2 // one multiplication and one addition
	tp, groups := float64(k.worker.shape.TP), float64(k.worker.shape.PCP)
	weights := k.weights.Sharded + k.weights.Replicated*tp
	indexPairs := (s.prefill.IndexPairs + s.near.IndexPairs) * tp
	copies := tp / float64(k.cacheShards)
	pairs := s.near.Pairs
	if k.context > 1 {
		pairs *= float64(k.worker.shape.DCP) // of as many times the heads
	}
	return work{
		flops: groups * (perWeight*weights*tokens + s.prefill.Pairs*k.perPrefillPair + pairs*k.perPair +
			indexPairs*k.perIndex),
		bytes: groups * (weights*hardware.BytesPerWeight(k.worker.cfg.Precision.Dense) + s.cacheBytes*copies),
	}
}
