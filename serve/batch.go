package serve

// batch is the decode batch of a worker: its sequences, who waits to become
// one, and the virtual step counter.
type batch struct {
	*replica
	waiting   fifo    // calls that want a slot, of a decode worker
	ends      dueHeap // sequences by the virtual step at which they are complete
	overflows dueHeap // the same by the step at which their cache is full; may hold some that have left

	steps     int64 // virtual steps completed
	size      int   // sequences with a slot, over all ranks
	admitted  int64 // calls that ever came to the batch
	settled   int64 // of these, at earlier boundaries than the last
	displaced bool  // some call has lost its slot for the next step only
}

// advance moves the virtual step counter, and every context with it.
func (b *batch) advance(steps int) {
	b.steps += int64(steps)
	for i := range b.ranks {
		r := &b.ranks[i]
		r.context += float64(r.sequences) * b.growth * float64(steps)
	}
}

// gained is how many tokens a sequence has gained since it began.
func (b *batch) gained(s *sequence) float64 { return b.growth * float64(b.steps-s.from) }

// load is the number of calls that decode or wait for it.
func (b *batch) load() int { return b.size + b.waiting.n }
