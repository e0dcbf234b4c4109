package step

import "agentsim/models/llm"

// MaxKinds is the number of different layer kinds one model may have.
const MaxKinds = 6

// Rank is what one attention rank processes in one step.
type Rank struct {
	PrefillTokens  int
	PrefillContext float64            // context summed over the prefill tokens
	PrefillWork    [MaxKinds]llm.Work // pairs of the prefill tokens, per layer kind
	PrefillEnds    int                // prompts whose last token is in this step
	Prompts        int                // prompts of which a chunk is in this step
	Prefix         float64            // tokens in the cache in front of those chunks, summed
	Sequences      int                // decoding
	Context        float64            // context summed over the decoding sequences
}

// add adds a chunk of a prompt, but for the pairs of its attention.
func (r *Rank) add(prefix, tokens int, last bool) {
	r.PrefillTokens += tokens
	r.Prompts++
	r.Prefix += float64(prefix)
	const mid = 0.5
	r.PrefillContext += float64(tokens) * (float64(prefix) + mid*float64(tokens))
	if last {
		r.PrefillEnds++
	}
}

// part is a piece of a batch: the at-th (from 0) of so many nearly equal ones,
// larger ones first.
type part struct{ at, of int }

// whole is a batch that is not cut.
func whole() part { return part{0, 1} }

// size is how many of n things the piece has.
func (p part) size(n int) int { return (n + p.of - 1 - p.at) / p.of }

// halves cuts a piece in two.
func (p part) halves() (first, second part) { return part{p.at, 2 * p.of}, part{p.at + p.of, 2 * p.of} }

// equals reports whether two loads are the same.
func (r *Rank) equals(o *Rank) bool { return r.Context == o.Context && *r == *o }

// piece is a rank's load in one piece of the batch, cut into room for it unless
// that is the whole.
func (r *Rank) piece(p part, room *Rank) *Rank {
	if p == whole() {
		return r
	}
	*room = r.cut(p)
	return room
}

// cut is a rank's load in one piece of the batch. Sequences go whole to a
// piece; prompts are cut between tokens, so that the context that a later piece
// finds in the cache includes what earlier ones computed.
func (r *Rank) cut(p part) Rank {
	if p.of == 1 {
		return *r
	}
	out := Rank{PrefillTokens: p.size(r.PrefillTokens), PrefillEnds: p.size(r.PrefillEnds), Sequences: p.size(r.Sequences)}
	if out.PrefillTokens > 0 {
		share := float64(out.PrefillTokens) / float64(r.PrefillTokens)
		out.PrefillContext = share * r.PrefillContext
		for i, w := range r.PrefillWork {
			out.PrefillWork[i].Pairs, out.PrefillWork[i].IndexPairs = share*w.Pairs, share*w.IndexPairs
		}
		out.Prompts = max(1, p.size(r.Prompts))
		out.Prefix = r.Prefix * float64(out.Prompts) / float64(r.Prompts)
		if r.Prompts < p.of {
			out.Prefix += float64(p.at*out.PrefillTokens) / float64(r.Prompts)
		}
	}
	if out.Sequences > 0 {
		out.Context = r.Context * float64(out.Sequences) / float64(r.Sequences)
	}
	return out
}
