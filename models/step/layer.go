package step

import (
	"agentsim/models/hardware"
	"agentsim/units"
)

// elementBytes is the size of an activation between operators (BF16, definition).
const elementBytes = 2

// surround books what stands between attention and the experts in count
// layers: residual streams, norms, and the all-reduces of tensor parallelism.
func (m *Model) surround(l *ledger, count float64, t tally) {
	ranks := float64(m.shape.Accelerators)
	if m.cfg.Kernels.Residual != nil && m.cfg.LLM.Residuals > 1 {
		s := m.cfg.Kernels.Residual.For(m.cfg.LLM.Hidden)
		bytes := t.tokensMax * float64(m.cfg.LLM.Residuals*m.cfg.LLM.Hidden) * elementBytes
		l.add(entry{operator: Residual, count: count, seconds: s.Seconds(hardware.Features{Tokens: t.tokensMax}),
			moving: float64(s.PerToken) * t.tokensMax, bytes: bytes * ranks})
	}
	small := m.cfg.Kernels.Small.For(m.cfg.LLM.Hidden)
	l.add(entry{operator: Small, count: count, seconds: small.Seconds(hardware.Features{Tokens: t.tokensMax}),
		moving: float64(small.PerToken) * t.tokensMax,
		bytes:  t.tokensMax * float64(m.cfg.LLM.Hidden) * elementBytes * ranks})
	if m.shape.TP > 1 {
		const perLayer = 2 // after attention and after the feed-forward part
		m.allReduce(l, perLayer*count, t.tokensMax)
	}
}

// allReduce books count all-reduces of a hidden state over the tp group:
// 2(tp-1)/tp of the message passes every link (ring or in-switch).
func (m *Model) allReduce(l *ledger, count, tokens float64) {
	tp := float64(m.shape.TP)
	message := tokens * float64(m.cfg.LLM.Hidden) * elementBytes
	bytes := 2 * (tp - 1) / tp * message
	moving := bytes / float64(m.link(m.shape.TP))
	seconds := m.cfg.Kernels.AllReduce.Seconds(bytes, m.accelerator.ScaleUp)
	if domain := m.cfg.System.Domain; m.shape.TP > domain {
		// Each rank reduces a share in its domain and then across domains.
		seconds += m.cfg.Kernels.RemoteCombine.Seconds(message/float64(domain), m.accelerator.ScaleOut)
	}
	l.add(entry{operator: AllReduce, count: count, seconds: seconds, moving: moving,
		link: bytes * float64(m.shape.Accelerators)})
}

// link is what a group of so many accelerators talks over.
func (m *Model) link(group int) units.ByteRate {
	if group > m.cfg.System.Domain {
		return m.accelerator.ScaleOut
	}
	return m.accelerator.ScaleUp
}

// matrices of a feed-forward block: gate, up, down.
const matrices = 3

// feedForward books the dense FFN or the experts of layers that share a body.
func (m *Model) feedForward(l *ledger, b body, t tally) {
	if b.dense > 0 {
		m.denseFFN(l, DenseFFN, b.count, matrices*float64(m.cfg.LLM.Hidden*b.dense), t)
		return
	}
	m.shared(l, b.count, t)
	m.routed(l, b.count, t)
}

// shared books the shared experts of count layers.
func (m *Model) shared(l *ledger, count float64, t tally) {
	x := m.cfg.LLM.Experts
	if x.Shared == 0 {
		return
	}
	inner := x.SharedInner
	if inner == 0 {
		inner = x.Inner
	}
	m.denseFFN(l, SharedExpert, count, matrices*float64(m.cfg.LLM.Hidden*inner*x.Shared), t)
}

// gemmLatency is the part of a projection's time that another kernel can hide:
// engines run the shared expert on a second stream or as one more of the
// routed ones, where it costs what it computes and streams, but no launches.
func (m *Model) gemmLatency(depth float64) float64 {
	r := m.cfg.Kernels.GEMM[m.denseCompute()]
	return float64(r.Floor) + float64(r.PerUnit)*depth
}

// denseFFN books a feed-forward block of the given weights, divided over tp.
func (m *Model) denseFFN(l *ledger, operator Operator, count, weights float64, t tally) {
	const perWeight = 2
	tp := float64(m.shape.TP)
	own := weights / tp
	hidden := float64(m.cfg.LLM.Hidden)
	inner := own / hidden / matrices
	bytes := own * hardware.BytesPerWeight(m.cfg.Precision.Dense)
	const fused = 2 // gate and up run as one matrix
	seconds := m.gemm(t.tokensMax, fused*inner, hidden) + m.gemm(t.tokensMax, hidden, inner)
	if operator == SharedExpert {
		seconds -= m.gemmLatency(hidden) + m.gemmLatency(inner)
	}
	l.add(entry{operator: operator, count: count, seconds: seconds,
		ideal:  perWeight * own * t.tokensMax / float64(m.accelerator.Peak(m.denseCompute())),
		moving: bytes / float64(m.accelerator.HBM.Bandwidth),
		flops:  perWeight * weights * t.tokens, perFLOP: m.joulesDense,
		bytes: bytes * float64(m.shape.Accelerators)})
}

// head books the output projection for so many positions over all ranks,
// times times.
func (m *Model) head(l *ledger, operator Operator, positions, times float64) {
	if positions == 0 {
		return
	}
	const perWeight = 2
	weights := float64(m.cfg.LLM.Hidden) * float64(m.cfg.LLM.Vocab) / float64(m.shape.TP)
	rows := positions / float64(m.shape.Ranks())
	bf16 := hardware.BytesPerWeight(hardware.BF16)
	f := hardware.BF16
	columns := float64(m.cfg.LLM.Vocab) / float64(m.shape.TP)
	seconds := m.cfg.Kernels.GEMM[f].Seconds(hardware.GEMMWork(rows, columns, float64(m.cfg.LLM.Hidden), f),
		m.accelerator.Peak(f), m.accelerator.HBM.Bandwidth)
	l.add(entry{operator: operator, kind: "head", count: times, seconds: seconds,
		ideal:   perWeight * weights * rows / float64(m.accelerator.Peak(f)),
		moving:  weights * bf16 / float64(m.accelerator.HBM.Bandwidth),
		flops:   perWeight * weights * rows * float64(m.shape.Accelerators),
		perFLOP: m.joulesHead, busy: m.watts.dense, bytes: weights * bf16 * float64(m.shape.Accelerators)})
}

// speculate books the draft layer: one pass a draft token, each with a layer
// and a head (modelling.md 1.10).
func (m *Model) speculate(l *ledger, ranks []Rank, t tally, p part) {
	if m.draft == nil || t.sequences == 0 {
		return
	}
	inner := ledger{m: m, copies: 1}
	one := tally{tokens: t.sequences, tokensMax: t.sequencesMax, heads: t.sequences}
	seconds := 0.0
	for i := range ranks {
		r := ranks[i].cut(p)
		s := m.draftShare(&r)
		if s.decode.Tokens > 0 {
			seconds = max(seconds, m.attentionSeconds(m.draft, &s))
		}
	}
	inner.add(entry{operator: Draft, count: 1, seconds: seconds})
	m.surround(&inner, 1, one)
	m.feedForward(&inner, body{count: 1, dense: m.draft.dense}, one)
	m.head(&inner, Draft, one.heads, 1)
	l.add(entry{operator: Draft, count: float64(m.shape.DraftTokens), seconds: inner.seconds, ideal: inner.compute,
		moving: inner.seconds - inner.compute, extra: inner.joules})
}

func (m *Model) draftShare(r *Rank) share {
	one := *r
	one.PrefillTokens = 0
	s := m.share(m.draft, &one, nil)
	s.decode.Tokens = float64(r.Sequences)
	scale := 1 / float64(m.perSequence)
	s.decode.Pairs *= scale
	s.decode.IndexPairs *= scale
	return s
}
