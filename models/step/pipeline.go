package step

// A worker of several stages divides its layers over them as evenly as they
// go, each kind of layer alike. Its batch passes as micro-batches, as many as
// there are stages, so that every stage has one at a time; a step is over when
// each has passed all stages once and may begin the next.

// pipeline books a step of all stages. One micro-batch takes the chain of all
// layers; the slowest stage has to take every one of them. The largest stands
// for all.
func (s *stack) pipeline(l *ledger, ranks []Rank, t tally) {
	batches := s.worker.stages
	if !t.prompts {
		batches = min(batches, int(t.sequencesMax))
	}
	p := part{0, batches}
	one := s.worker.count(ranks, p)
	l.copies = float64(batches)
	s.layers(l, ranks, p)
	inLayers := l.seconds
	s.tail(l, ranks, one, p)
	inTail := l.seconds - inLayers
	s.gaps(l)

	chain, all := l.seconds, s.worker.cfg.LLM.Layers()
	last := ratio(all/s.worker.stages, all)*inLayers + inTail // the last stage has the head and, if any, fewer layers
	slowest := max(s.worker.fullest*inLayers, last) * chain / (inLayers + inTail)
	s.worker.sends(l, one)
	bubble := max(0, float64(batches)*slowest-chain)
	l.compute += bubble * l.compute / l.seconds // the stages that one waits for slow down with the clock
	l.add(&entry{operator: Bubble, count: 1, seconds: bubble})
	if t.prompts {
		l.drain = min(chain-slowest, float64(batches-1)*slowest)
	}
}

// sends books the passing of activations from stage to stage: every
// accelerator hands its share of the rank's residual streams to its peer.
func (w *worker) sends(l *ledger, t tally) {
	streams := max(1, w.cfg.LLM.Residuals)
	bytes := t.tokensMax * float64(w.cfg.LLM.Hidden*streams) * elementBytes / float64(w.shape.TP)
	near := entry{operator: Sends, seconds: w.cfg.Kernels.AllGather.Seconds(bytes, w.accelerator.ScaleUp),
		moving: bytes / float64(w.accelerator.ScaleUp)}
	far := entry{operator: Sends, seconds: w.cfg.Kernels.RemoteDispatch.Seconds(bytes, w.accelerator.ScaleOut),
		moving: bytes / float64(w.accelerator.ScaleOut)}
	for s := 1; s < w.stages; s++ {
		e := near
		if w.crosses(s) {
			e = far
		}
		e.count, e.link = 1, bytes*float64(w.shape.Accelerators)*t.meanRank(w)
		l.add(&e)
	}
}

// crosses reports whether any accelerator of a stage lies in another scale-up
// domain than its peer of the stage before. Stages follow each other.
func (w *worker) crosses(stage int) bool {
	n, domain := w.shape.Accelerators, w.cfg.System.Domain
	for i := range n {
		if (stage*n+i)/domain != ((stage-1)*n+i)/domain {
			return true
		}
	}
	return false
}
