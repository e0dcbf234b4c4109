package step

// tally is a batch as the operators see it.
type tally struct {
	tokensMax    float64 // of a group of tp of the busiest attention rank, padded
	tokens       float64 // over all groups
	prompts      bool    // any of them of a prompt
	heads        float64 // positions that need logits, over all ranks
	sequences    float64
	sequencesMax float64
}

// count is a piece of the ranks' batch.
func (w *worker) count(ranks []Rank, p part) tally {
	var t tally
	groups := float64(w.shape.PCP) // share the prompts, and repeat what decodes
	for i := range ranks {
		prompts, sequences, ends := p.size(ranks[i].PrefillTokens), p.size(ranks[i].Sequences), p.size(ranks[i].PrefillEnds)
		n := float64(prompts)/groups + float64(sequences*w.perSequence)
		t.tokens += n * groups
		t.prompts = t.prompts || prompts > 0
		t.tokensMax = max(t.tokensMax, n)
		t.heads += float64(ends+sequences*w.perSequence) * groups
		t.sequences += float64(sequences) * groups
		t.sequencesMax = max(t.sequencesMax, float64(sequences))
	}
	if t.tokensMax == t.sequencesMax*float64(w.perSequence) {
		t.tokensMax = float64(w.padded(int(t.sequencesMax)) * w.perSequence)
	}
	return t
}

// padded is the captured batch size that a decode batch runs at.
func (w *worker) padded(sequences int) int {
	for _, size := range w.cfg.Engine.Graphs {
		if size >= sequences {
			return size
		}
	}
	return sequences
}

// meanRank is what the mean rank sends over what the busiest does.
func (t tally) meanRank(w *worker) float64 {
	return t.tokens / max(1, t.tokensMax*float64(w.shape.Groups()))
}
