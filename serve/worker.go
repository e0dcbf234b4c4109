package serve

import (
	"fmt"

	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
	"agentsim/sim"
)

// worker is one engine replica. It alternates between single steps that
// contain prompt chunks and runs of decode steps. During a run nothing is
// touched per sequence: a sequence that begins at virtual step K and needs s
// steps is complete at K+s (modelling.md 7.2).
type worker struct {
	replica
	batch    batch
	boundary *sim.Kind[int32] // fires at the end of a step or run; the payload is the worker
	emerges  *sim.Kind[int32] // fires when a prompt leaves a pipeline; the payload is the call

	loads   []step.Rank // scratch: the ranks' loads of the next step
	chunks  []chunk     // prompt chunks of the step under way
	emerged fifo        // calls out of a pipeline that join the batch at the next boundary

	hold  hold
	busy  bool
	timer sim.Timer
	leg   leg // the step or run under way
}

// chunk is a piece of one prompt in a step.
type chunk struct {
	call   int32
	rank   int32
	tokens int
}

// newWorker builds a worker of a pool with empty caches.
func newWorker(p NamedPool, prices *step.Prices, cache prefix.Spec, contents *prefix.Contents) (*worker, error) {
	r, err := newReplica(p, prices, cache, contents)
	if err != nil {
		return nil, err
	}
	w := &worker{replica: r, loads: make([]step.Rank, len(r.ranks))}
	w.batch.replica = &w.replica
	return w, nil
}

// fullStepSeconds is the time of a step in which every rank computes a prompt
// as long as its token budget.
func (w *worker) fullStepSeconds() float64 {
	loads := make([]step.Rank, len(w.ranks))
	for i := range loads {
		w.model.AddPrefill(&loads[i], 0, w.shape.TokenBudget, true)
	}
	return w.price.Step(loads).Seconds
}

// run begins a step or a run of steps.
func (w *worker) run(l leg) {
	w.leg, w.busy = l, true
	w.timer = w.boundary.At(l.end(), int32(w.id))
}

// cut ends the run under way at the next step boundary.
func (w *worker) cut() {
	if n, at := w.leg.nextBoundary(w.clock.Now()); n < w.leg.count {
		w.timer.Cancel()
		w.leg.cut(n)
		w.timer = w.boundary.At(at, int32(w.id))
	}
}

// setLoads writes the decode batch of the next step into the scratch loads.
// Chunks, if there are any, were added to them before.
func (w *worker) setLoads(decode bool) {
	if len(w.chunks) == 0 {
		clear(w.loads)
	}
	for i := range w.ranks {
		w.loads[i].Sequences, w.loads[i].Context = 0, 0
		if decode {
			w.loads[i].Sequences, w.loads[i].Context = w.ranks[i].sequences, w.ranks[i].context
		}
	}
}

// pricer prices the steps of the batch that the loads hold, at the depth of
// drafts that it calls for.
func (w *worker) pricer() pricer {
	w.batch.unit = w.step
	if !w.model.Varies() {
		return w.price
	}
	most := 0
	for i := range w.loads {
		most = max(most, w.loads[i].Sequences)
	}
	at := w.prices.At(most)
	w.batch.unit = max(1, int64(float64(w.step)*at.Model().TokensPerStep()/w.model.TokensPerStep()+1.0/2))
	if w.price != pricer(w.prices) {
		return w.price
	}
	return at
}

// bookLeg books what was done up to now of the step or run under way.
func (w *worker) bookLeg() {
	part := &w.tally.Work[w.id]
	busy, joules := w.leg.book(w.clock.Now())
	part.Busy += busy
	part.Joules += joules
}

// bookDecode books the decode steps of a step or run that ended.
func (w *worker) bookDecode() {
	part := &w.tally.Work[w.id]
	part.Steps += int64(w.leg.decode)
	part.Sequences += float64(w.leg.decode * w.batch.size)
}

// stepped describes the step or run that ends now.
func (w *worker) stepped() Stepped {
	now := w.clock.Now()
	s := Stepped{
		Pool:        w.pool,
		Worker:      w.id,
		From:        w.leg.begun,
		To:          now,
		Steps:       w.leg.decode,
		PromptParts: len(w.chunks),
		Watts:       w.static + w.leg.energy()/(now-w.leg.begun).Seconds(),
	}
	if w.leg.decode > 0 {
		s.Sequences = w.batch.size
	}
	for _, b := range w.chunks {
		s.Prompt += b.tokens
	}
	return s
}

// check verifies what holds of a worker at every instant.
func (w *worker) check() error {
	sequences := 0
	for i := range w.ranks {
		sequences += w.ranks[i].sequences
		if err := w.ranks[i].check(); err != nil {
			return fmt.Errorf("rank %d: %w", i, err)
		}
	}
	if sequences != w.batch.size || sequences != len(w.batch.ends) {
		return fmt.Errorf("%d sequences on ranks, %d counted, %d to finish", sequences, w.batch.size, len(w.batch.ends))
	}
	return nil
}
