package step

// A worker of several stages divides its layers over them as evenly as they
// go, each kind of layer alike. Its batch passes as micro-batches, as many as
// there are stages, so that every stage has one at a time; a step is over when
// each has passed all stages once and may begin the next.

// layersMost is the number of layers of the fullest stage.
func (m *Model) layersMost() int { return (m.cfg.LLM.Layers() + m.stages - 1) / m.stages }

func ratio(part, of int) float64 { return float64(part) / float64(of) }

// microBatch is the largest micro-batch of a full step.
func (m *Model) microBatch() part { return part{0, m.stages} }

// pipeline books a step of all stages. One micro-batch takes the chain of all
// layers; the slowest stage has to take every one of them. The largest stands
// for all.
func (m *Model) pipeline(l *ledger, ranks []Rank, t tally) {
	batches := m.stages
	if !t.prompts {
		batches = min(batches, int(t.sequencesMax))
	}
	p := part{0, batches}
	one := m.count(ranks, p)
	l.copies = float64(batches)
	m.layers(l, ranks, p)
	inLayers := l.seconds
	m.tail(l, ranks, one, p)
	inTail := l.seconds - inLayers
	m.gaps(l)

	chain, all := l.seconds, m.cfg.LLM.Layers()
	last := ratio(all/m.stages, all)*inLayers + inTail // the last stage has the head and, if any, fewer layers
	slowest := max(m.fullest*inLayers, last) * chain / (inLayers + inTail)
	m.sends(l, one)
	l.add(entry{operator: Bubble, count: 1, seconds: max(0, float64(batches)*slowest-chain)})
	if t.prompts {
		l.drain = min(chain-slowest, float64(batches-1)*slowest)
	}
}

// sends books the passing of activations from stage to stage: every
// accelerator hands its share of the rank's residual streams to its peer.
func (m *Model) sends(l *ledger, t tally) {
	streams := max(1, m.cfg.LLM.Residuals)
	bytes := t.tokensMax * float64(m.cfg.LLM.Hidden*streams) * elementBytes / float64(m.shape.TP)
	near := entry{operator: Sends, seconds: m.cfg.Kernels.AllGather.Seconds(bytes, m.accelerator.ScaleUp),
		moving: bytes / float64(m.accelerator.ScaleUp)}
	far := entry{operator: Sends, seconds: m.cfg.Kernels.RemoteDispatch.Seconds(bytes, m.accelerator.ScaleOut),
		moving: bytes / float64(m.accelerator.ScaleOut)}
	for s := 1; s < m.stages; s++ {
		e := near
		if m.crosses(s) {
			e = far
		}
		e.count, e.link = 1, bytes*float64(m.shape.Accelerators)*m.meanRank(t)
		l.add(e)
	}
}

// crosses reports whether any accelerator of a stage lies in another scale-up
// domain than its peer of the stage before. Stages follow each other.
func (m *Model) crosses(stage int) bool {
	n, domain := m.shape.Accelerators, m.cfg.System.Domain
	for i := range n {
		if (stage*n+i)/domain != ((stage-1)*n+i)/domain {
			return true
		}
	}
	return false
}
