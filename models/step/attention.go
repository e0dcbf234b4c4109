package step

import (
	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// share is one rank's part of a step in one layer kind.
type share struct {
	prefill, decode hardware.Features
	cacheBytes      float64 // read, one layer
}

// attend books the attention modules of one layer kind: the time of the
// slowest rank, the work of all.
func (m *Model) attend(l *ledger, k *layerKind, index int, ranks []Rank) {
	e := entry{operator: Attention, kind: string(k.attention.Kind), count: k.count, perFLOP: m.joulesDense}
	for i := range ranks {
		r := &ranks[i]
		s := m.share(k, r, &r.PrefillWork[index])
		tokens := s.prefill.Tokens + s.decode.Tokens
		if tokens == 0 {
			continue
		}
		work := m.attentionWork(k, &s, tokens)
		if seconds := m.attentionSeconds(k, &s); seconds > e.seconds {
			e.seconds = seconds
			e.ideal = work.flops / m.peakShare()
			e.moving = work.bytes / m.bandwidthShare()
		}
		e.flops += work.flops
		e.bytes += work.bytes
	}
	l.add(e)
}

// peakShare is the dense compute rate of one attention rank's accelerators.
func (m *Model) peakShare() float64 {
	return float64(m.accelerator.Compute[m.denseCompute()]) * float64(m.shape.TP)
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
		s.cacheBytes += k.attention.ReadBytes(s.prefill.Context, m.CacheFormat()) // the prefix is read once a chunk
	}
	if r.Sequences > 0 {
		mean := r.Context / float64(r.Sequences)
		n := float64(r.Sequences * m.perSequence)
		w := k.attention.Decode(mean)
		s.decode = hardware.Features{Tokens: n, Pairs: n * w.Pairs, IndexPairs: n * w.IndexPairs, Context: mean}
		s.cacheBytes += float64(r.Sequences) * k.attention.ReadBytes(mean, m.CacheFormat())
	}
	return s
}

// attentionSeconds is one layer's attention on one rank. A mixed batch runs
// one module: decode tokens add their slope, not a second floor.
func (m *Model) attentionSeconds(k *layerKind, s *share) float64 {
	if k.module == nil {
		return m.composedAttention(k, s)
	}
	tp := m.shape.TP
	switch {
	case s.decode.Tokens == 0:
		return k.module.PrefillSeconds(tp, s.prefill)
	case s.prefill.Tokens == 0:
		return k.module.DecodeSeconds(tp, s.decode)
	}
	one := s.decode
	one.Tokens, one.Pairs, one.IndexPairs = 1, one.Pairs/one.Tokens, one.IndexPairs/one.Tokens
	more := k.module.DecodeSeconds(tp, s.decode) - k.module.DecodeSeconds(tp, one)
	return k.module.PrefillSeconds(tp, s.prefill) + max(0, more)
}

// composedAttention prices an attention kind without a measured module:
// projections as one GEMM, plus the attention core.
func (m *Model) composedAttention(k *layerKind, s *share) float64 {
	tokens := s.prefill.Tokens + s.decode.Tokens
	tp := float64(m.shape.TP)
	seconds := m.gemm(k.weights.Sharded/tp+k.weights.Replicated, tokens)
	if s.prefill.Tokens > 0 {
		seconds += m.coreSeconds(k, "prefill", s.prefill, 0)
	}
	if s.decode.Tokens > 0 {
		seconds += m.coreSeconds(k, "decode", s.decode, s.cacheBytes)
	}
	return seconds
}

// coreSeconds is the attention core of one phase on one accelerator: query
// heads are divided over tp, cache heads only as far as there are any.
func (m *Model) coreSeconds(k *layerKind, phase string, f hardware.Features, bytes float64) float64 {
	r, ok := m.cfg.Kernels.Core[string(k.attention.Kind)+"."+phase]
	if !ok {
		r = m.cfg.Kernels.Core[phase]
	}
	tp := float64(m.shape.TP)
	cacheShare := min(tp, max(1, float64(k.attention.KVHeads)))
	flops := f.Pairs*k.perPair/tp + f.IndexPairs*k.perIndex
	return r.Seconds(hardware.RooflineWork{FLOPs: flops, Bytes: bytes / cacheShare, Rows: f.Tokens},
		m.corePeak(), m.accelerator.HBM.Bandwidth)
}

type work struct{ flops, bytes float64 }

// attentionWork counts one layer's attention over all accelerators of a rank.
func (m *Model) attentionWork(k *layerKind, s *share, tokens float64) work {
	const perWeight = 2 // one multiplication and one addition
	tp := float64(m.shape.TP)
	weights := k.weights.Sharded + k.weights.Replicated*tp
	pairs := s.prefill.Pairs + s.decode.Pairs
	indexPairs := (s.prefill.IndexPairs + s.decode.IndexPairs) * tp
	return work{
		flops: perWeight*weights*tokens + pairs*k.perPair + indexPairs*k.perIndex,
		bytes: weights*hardware.BytesPerWeight(m.cfg.Precision.Dense) + s.cacheBytes*m.cacheCopies(k),
	}
}

// cacheCopies is how many ranks read the same cache under tensor parallelism.
func (m *Model) cacheCopies(k *layerKind) float64 {
	return float64(m.shape.TP) / min(float64(m.shape.TP), max(1, float64(k.attention.KVHeads)))
}
