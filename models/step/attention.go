package step

import (
	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// share is one rank's part of a step in one layer kind.
type share struct {
	prefill, decode hardware.Features
	prompts         float64 // prompt chunks in prefill
	prefix          float64 // cached tokens in front of them
	sequences       float64 // decoding
	cacheBytes      float64 // read by decode, one layer
}

// attend books the attention modules of one layer kind: the time of the
// slowest rank, the work of all.
func (m *Model) attend(l *ledger, k *layerKind, index int, ranks []Rank, p part) {
	e := entry{operator: Attention, kind: string(k.attention.Kind), count: k.count, perFLOP: m.joulesDense,
		busy: m.watts.decode}
	var w work
	for i := range ranks {
		if i > 0 && ranks[i] == ranks[i-1] { // as no rank is in a simulation, and most are in an estimate
			e.flops += w.flops
			e.bytes += w.bytes
			continue
		}
		r := ranks[i].cut(p)
		s := m.share(k, &r, &r.PrefillWork[index])
		tokens := s.prefill.Tokens + s.decode.Tokens
		if tokens == 0 {
			w = work{}
			continue
		}
		w = m.attentionWork(k, &s, tokens)
		ideal, moving := w.flops/m.peakShare(), w.bytes/m.bandwidthShare()
		if seconds := max(m.attentionSeconds(k, &s), ideal, moving); seconds > e.seconds {
			e.seconds, e.ideal, e.moving = seconds, ideal, moving
			if s.prefill.Tokens > s.decode.Tokens {
				e.busy = m.watts.prefill
			}
		}
		e.flops += w.flops
		e.bytes += w.bytes
	}
	l.add(e)
}

// peakShare is the dense compute rate of one attention rank's accelerators.
func (m *Model) peakShare() float64 {
	return float64(m.accelerator.Peak(m.denseCompute())) * float64(m.shape.TP)
}

func (m *Model) bandwidthShare() float64 {
	return float64(m.accelerator.HBM.Bandwidth) * float64(m.shape.TP)
}

// share sorts a rank's load into the features of prefill and decode kernels.
func (m *Model) share(k *layerKind, r *Rank, w *llm.Work) share {
	var s share
	if r.PrefillTokens > 0 {
		n := float64(r.PrefillTokens)
		s.prefill = hardware.Features{Tokens: n, Pairs: w.Pairs, IndexPairs: w.IndexPairs, Context: r.PrefillContext / n}
		s.prompts, s.prefix = float64(r.Prompts), r.Prefix
	}
	if r.Sequences > 0 {
		mean := r.Context / float64(r.Sequences)
		n := float64(r.Sequences * m.perSequence)
		w := k.attention.Decode(mean)
		s.decode = hardware.Features{Tokens: n, Pairs: n * w.Pairs, IndexPairs: n * w.IndexPairs, Context: mean}
		s.sequences = float64(r.Sequences)
		s.cacheBytes = s.sequences * k.attention.ReadBytes(mean, m.CacheFormat())
	}
	return s
}

// attentionSeconds is one layer's attention on one rank. A mixed batch runs
// one module: decode tokens add their slope, not a second floor.
func (m *Model) attentionSeconds(k *layerKind, s *share) float64 {
	if k.module == nil {
		return m.composedAttention(k, s)
	}
	switch {
	case s.decode.Tokens == 0:
		return k.module.PrefillSeconds(k.degree, s.prefill)
	case s.prefill.Tokens == 0:
		return k.module.DecodeSeconds(k.degree, s.decode)
	}
	one := s.decode
	one.Tokens, one.Pairs, one.IndexPairs = 1, one.Pairs/one.Tokens, one.IndexPairs/one.Tokens
	more := k.module.DecodeSeconds(k.degree, s.decode) - k.module.DecodeSeconds(k.degree, one)
	return k.module.PrefillSeconds(k.degree, s.prefill) + max(0, more)
}

// composedAttention prices an attention kind without a measured module:
// projection by projection, then the core of each phase.
func (m *Model) composedAttention(k *layerKind, s *share) float64 {
	tokens := s.prefill.Tokens + s.decode.Tokens
	seconds := 0.0
	for _, p := range k.projections {
		seconds += m.gemm(tokens, p.columns, p.depth)
	}
	if s.prefill.Tokens > 0 {
		seconds += m.core(k.prefillCore, m.prefillWork(k, s))
		if expand := k.attention.ExpandFLOPs() * s.prefix; expand > 0 {
			seconds += expand / (m.peakShare() * m.cfg.Kernels.GEMM[m.denseCompute()].ComputeEfficiency)
		}
	}
	if s.decode.Tokens > 0 {
		seconds += m.core(k.decodeCore, m.decodeWork(k, s))
	}
	return seconds
}

// core prices an attention core on one accelerator, at the peak rate of the
// cache's format.
func (m *Model) core(r hardware.Roofline, w hardware.RooflineWork) float64 {
	return r.Seconds(w, m.corePeak(), m.accelerator.HBM.Bandwidth)
}

func (m *Model) prefillWork(k *layerKind, s *share) hardware.RooflineWork {
	if k.attention.Kind == llm.Linear {
		return m.deltaWork(k, s.prefill.Tokens, s.prompts).Work()
	}
	c := k.prefillShape
	c.Tokens, c.Sequences, c.Pairs = s.prefill.Tokens, s.prompts, s.prefill.Pairs
	c.Keys = s.prefix + s.prefill.Tokens
	w := c.Prefill()
	w.FLOPs += s.prefill.IndexPairs * k.perIndex
	return w
}

func (m *Model) decodeWork(k *layerKind, s *share) hardware.RooflineWork {
	if k.attention.Kind == llm.Linear {
		return m.deltaWork(k, s.decode.Tokens, s.sequences).Work()
	}
	c := k.decodeShape
	c.Tokens, c.Sequences, c.Pairs = s.decode.Tokens, s.sequences, s.decode.Pairs
	w := c.Decode()
	w.FLOPs += s.decode.IndexPairs * k.perIndex
	w.Bytes = s.cacheBytes / float64(k.cacheShards)
	return w
}

func (m *Model) deltaWork(k *layerKind, tokens, sequences float64) hardware.DeltaWork {
	a, tp := &k.attention, float64(m.shape.TP)
	return hardware.DeltaWork{Tokens: tokens, Sequences: sequences, Longest: tokens / max(1, sequences),
		KeyHeads: float64(a.KeyHeads) / tp, ValueHeads: float64(a.ValueHeads) / tp,
		KeyDim: float64(a.KeyDim), ValueDim: float64(a.ValueDim)}
}

// gemm is one dense projection on one accelerator.
func (m *Model) gemm(rows, columns, depth float64) float64 {
	f := m.denseCompute()
	return m.cfg.Kernels.GEMM[f].Seconds(hardware.GEMMWork(rows, columns, depth, f), m.accelerator.Peak(f),
		m.accelerator.HBM.Bandwidth)
}

type work struct{ flops, bytes float64 }

// attentionWork counts one layer's attention over all accelerators of a rank.
func (m *Model) attentionWork(k *layerKind, s *share, tokens float64) work {
	const perWeight = 2 // one multiplication and one addition
	tp := float64(m.shape.TP)
	weights := k.weights.Sharded + k.weights.Replicated*tp
	indexPairs := (s.prefill.IndexPairs + s.decode.IndexPairs) * tp
	copies := tp / float64(k.cacheShards)
	return work{
		flops: perWeight*weights*tokens + s.prefill.Pairs*k.perPrefillPair + s.decode.Pairs*k.perPair +
			indexPairs*k.perIndex,
		bytes: weights*hardware.BytesPerWeight(m.cfg.Precision.Dense) + s.cacheBytes*copies,
	}
}
