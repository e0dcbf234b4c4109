package serve

import "agentsim/models/step"

// batch is the decode batch of a worker: its sequences, who waits to become
// one, and the virtual step counter.
type batch struct {
	*replica
	waiting   fifo    // calls that want a slot, of a decode worker
	ends      dueHeap // sequences by the virtual step at which they are complete
	overflows dueHeap // the same by the step at which their cache is full; may hold some that have left

	steps     int64   // virtual steps completed
	made      int64   // decode steps completed
	unit      int64   // virtual steps that a decode step is worth with the batch as it is
	size      int     // sequences with a slot, over all ranks
	admitted  int64   // calls that ever came to the batch
	settled   int64   // of these, at earlier boundaries than the last
	fresh     []int32 // calls whose first token comes with the next step
	lookedAt  int64   // decode step at which arrived calls were last looked at
	looksAt   int64   // at which they will be next; 0 = at every one
	displaced bool    // some call has lost its slot for the next step only
}

// advance moves the virtual step counter, and every context with it.
func (b *batch) advance(steps int) {
	b.made += int64(steps)
	b.steps += int64(steps) * b.unit
	for i := range b.ranks {
		r := &b.ranks[i]
		r.context += float64(r.sequences) * b.growth * float64(int64(steps)*b.unit)
	}
}

// gained is how many tokens a sequence has gained since it began.
func (b *batch) gained(s *sequence) float64 { return b.growth * float64(b.steps-s.from) }

// load is the number of calls that decode or wait for it.
func (b *batch) load() int { return b.size + b.waiting.n }

// looks reports whether arrived calls are looked at now, and notes when they
// will be. A worker that decodes nothing looks all the time.
func (b *batch) looks() bool {
	b.looksAt = 0
	n := int64(b.policy.handoverPoll)
	if n <= 1 || b.size == 0 || (b.made-b.lookedAt)%n == 0 {
		b.lookedAt = b.made
		return true
	}
	if b.waiting.n > 0 {
		b.looksAt = b.lookedAt + (b.made-b.lookedAt+n-1)/n*n
	}
	return false
}

// emitFresh notes the first tokens that the step that ended has computed.
func (b *batch) emitFresh() {
	for _, id := range b.fresh {
		b.emit(id)
	}
	b.fresh = b.fresh[:0]
}

// recomputes reports whether the batch computes the first tokens of its calls:
// where prefill workers hand prompts over without one.
func (b *batch) recomputes() bool { return !b.prefills && b.policy.firstToken == step.FirstDecode }
