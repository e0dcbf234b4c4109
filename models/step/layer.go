package step

import (
	"agentsim/models/hardware"
)

// surround books what stands between attention and the experts in count
// layers: residual streams, norms, and the all-reduces of tensor parallelism.
func (w *worker) surround(l *ledger, count float64, t tally) {
	ranks := float64(w.shape.Accelerators)
	if s := w.residual; s != nil {
		bytes := t.tokensMax * float64(w.cfg.LLM.Residuals*w.cfg.LLM.Hidden) * elementBytes
		l.add(&entry{
			operator: Residual,
			count:    count,
			seconds:  s.Seconds(hardware.Features{Tokens: t.tokensMax}),
			moving:   float64(s.PerToken) * t.tokensMax,
			bytes:    bytes * ranks,
		})
	}
	small := &w.small
	l.add(&entry{
		operator: Small,
		count:    count,
		seconds:  small.Seconds(hardware.Features{Tokens: t.tokensMax}),
		moving:   float64(small.PerToken) * t.tokensMax,
		bytes:    t.tokensMax * float64(w.cfg.LLM.Hidden) * elementBytes * ranks,
	})
	if w.shape.TP > 1 {
		const perLayer = 2 // after attention and after the feed-forward part
		w.allReduce(l, perLayer*count, t.tokensMax)
	}
}

// allReduce books count all-reduces of a hidden state over the tp group:
// 2(tp-1)/tp of the message passes every link (ring or in-switch).
func (w *worker) allReduce(l *ledger, count, tokens float64) {
	tp := float64(w.shape.TP)
	message := tokens * float64(w.cfg.LLM.Hidden) * elementBytes
	bytes := 2 * (tp - 1) / tp * message
	moving := bytes / float64(w.link(w.shape.TP))
	seconds := w.cfg.Kernels.AllReduce.Seconds(bytes, w.accelerator.ScaleUp)
	if domain := w.cfg.System.Domain; w.shape.TP > domain {
		// Each rank reduces a share in its domain and then across domains.
		seconds += w.cfg.Kernels.RemoteCombine.Seconds(message/float64(domain), w.accelerator.ScaleOut)
	}
	l.add(&entry{
		operator:  AllReduce,
		count:     count,
		seconds:   seconds,
		moving:    moving,
		link:      bytes * float64(w.shape.Accelerators),
		constants: "all_reduce",
		load:      hardware.Load{Bytes: bytes},
	})
}

// shared books the shared experts of count layers, and the projections to the
// width of the routed ones and back where they have their own.
func (w *worker) shared(l *ledger, count float64, t tally) {
	x := w.cfg.LLM.Experts
	if x.Shared > 0 {
		w.denseFFN(l, SharedExpert, count, x.SharedSize()*x.Shared, t)
	}
	if x.Latent > 0 {
		w.latent(l, count, t)
	}
}

// latent books the projections between the hidden size and the width of the
// routed experts. Every accelerator of a rank runs them whole.
func (w *worker) latent(l *ledger, count float64, t tally) {
	const perWeight = 2
	hidden, width := float64(w.cfg.LLM.Hidden), float64(w.cfg.LLM.Experts.Latent)
	weights := w.cfg.LLM.LatentParams()
	bytes := weights * hardware.BytesPerWeight(w.cfg.Precision.Dense)
	l.add(&entry{
		operator: SharedExpert,
		kind:     "latent",
		count:    count,
		seconds:  w.gemm(t.tokensMax, width, hidden) + w.gemm(t.tokensMax, hidden, width),
		ideal:    perWeight * weights * t.tokensMax / float64(w.densePeak),
		moving:   bytes / float64(w.accelerator.HBM.Bandwidth),
		flops:    perWeight * weights * t.tokens * float64(w.shape.TP),
		perFLOP:  w.energy.dense,
		bytes:    bytes * float64(w.shape.Accelerators),
	})
}

// denseFFN books a feed-forward block of this inner size, divided over tp.
func (w *worker) denseFFN(l *ledger, operator Operator, count float64, inner int, t tally) {
	const perWeight = 2
	weights := w.cfg.LLM.FFNParams(inner)
	tp := float64(w.shape.TP)
	own := weights / tp
	hidden := float64(w.cfg.LLM.Hidden)
	slice := float64(inner) / tp
	bytes := own * hardware.BytesPerWeight(w.cfg.Precision.Dense)
	// All matrices but the last, gate and up, run as one.
	first := weights/hidden/float64(inner) - 1
	seconds := w.gemm(t.tokensMax, first*slice, hidden) + w.gemm(t.tokensMax, hidden, slice)
	if operator == SharedExpert {
		seconds -= w.gemmLatency(hidden) + w.gemmLatency(slice)
	}
	l.add(&entry{
		operator: operator,
		count:    count,
		seconds:  seconds,
		ideal:    perWeight * own * t.tokensMax / float64(w.densePeak),
		moving:   bytes / float64(w.accelerator.HBM.Bandwidth),
		flops:    perWeight * weights * t.tokens,
		perFLOP:  w.energy.dense,
		bytes:    bytes * float64(w.shape.Accelerators),

		constants: w.projections,
		load:      hardware.Load{Rows: t.tokensMax},
	})
}

// head books the output projection for so many positions over all ranks,
// times times.
func (w *worker) head(l *ledger, operator Operator, positions, times float64) {
	if positions == 0 {
		return
	}
	const perWeight = 2
	weights := float64(w.cfg.LLM.Hidden) * float64(w.cfg.LLM.Vocab) / float64(w.shape.TP)
	rows := positions / float64(w.shape.Groups())
	bf16 := hardware.BytesPerWeight(hardware.BF16)
	columns := float64(w.cfg.LLM.Vocab) / float64(w.shape.TP)
	seconds := w.logits.Seconds(hardware.GEMMWork(rows, columns, float64(w.cfg.LLM.Hidden), hardware.BF16),
		w.logitsPeak, w.accelerator.HBM.Bandwidth)
	l.add(&entry{
		operator: operator,
		kind:     "head",
		count:    times,
		seconds:  seconds,
		ideal:    perWeight * weights * rows / float64(w.logitsPeak),
		moving:   weights * bf16 / float64(w.accelerator.HBM.Bandwidth),
		flops:    perWeight * weights * rows * float64(w.shape.Accelerators),
		perFLOP:  w.energy.head,
		busy:     w.energy.watts.dense,
		bytes:    weights * bf16 * float64(w.shape.Accelerators),
	})
}
