package serve

import (
	"fmt"

	"agentsim/models/kvcache"
	"agentsim/models/step"
	"agentsim/sim"
)

// worker is one engine replica. It alternates between single steps that
// contain prompt chunks and runs of decode steps. During a run nothing is
// touched per sequence: a sequence that begins at virtual step K and needs s
// steps is complete at K+s (modelling.md 7.2).
type worker struct {
	*flight
	network  *network
	up       supervisor
	boundary *sim.Kind[int32] // fires at the end of a step or run; the payload is the worker
	emerges  *sim.Kind[int32] // fires when a prompt leaves a pipeline; the payload is the call

	id       int
	pool     string
	unit     int
	prefills bool // takes prompts
	decodes  bool
	model    *step.Model
	price    pricer // the model, but for tests
	shape    step.Shape
	growth   float64            // tokens that a sequence gains per step, on average
	static   float64            // watts of its accelerators without work
	tiers    []kvcache.TierSpec // below HBM

	fillSeconds float64 // of prefill per prompt token, in full steps

	ranks   []rank
	loads   []step.Rank // scratch: the ranks' loads of the next step
	waiting fifo        // calls that want a decode slot, of a decode worker
	chunks  []chunk     // prompt chunks of the step under way
	emerged fifo        // calls out of a pipeline that join the batch at the next boundary
	ends    dueHeap     // sequences by the virtual step at which they are complete
	fills   dueHeap     // the same by the step at which their cache is full; may hold some that have left

	hold      hold
	busy      bool
	timer     sim.Timer
	steps     int64 // virtual steps completed
	batch     int   // sequences with a slot, over all ranks
	admitted  int64 // calls that ever came to the batch
	settled   int64 // of these, at earlier boundaries than the last
	displaced bool  // some call has lost its slot for the next step only
	leg       leg   // the step or run under way
}

// supervisor is whom a worker tells what has become of a call.
type supervisor interface {
	// prefilled takes a call whose prompt a prefill worker has computed.
	prefilled(w *worker, id int32) error
	// preempted takes a call that lost its place and has to be computed again.
	preempted(w *worker, id int32) error
	// finished takes a call whose last token is out.
	finished(id int32) error
}

// pricer says what a step of a worker costs, given the loads of its ranks.
type pricer interface {
	Step(ranks []step.Rank) step.Cost
}

// chunk is a piece of one prompt in a step.
type chunk struct {
	call   int32
	rank   int32
	tokens int
}

// newWorker builds a worker of a pool with empty caches.
func newWorker(p NamedPool, m *step.Model, cache kvcache.Spec, agents int) (*worker, error) {
	shape := m.Config().Shape
	w := &worker{
		pool:     p.Name,
		prefills: p.Prefills(),
		decodes:  p.Decodes(),
		model:    m,
		price:    m,
		shape:    shape,
		growth:   m.TokensPerStep(),
		static:   float64(m.Config().System.Accelerator.Power.Static()) * float64(shape.Accelerators),
		tiers:    cache.Tiers,
		ranks:    make([]rank, shape.Ranks()),
		loads:    make([]step.Rank, shape.Ranks()),
	}
	for i := range w.ranks {
		c, err := kvcache.New(cache)
		if err != nil {
			return nil, err
		}
		w.ranks[i].cache = c
		if agents > 0 {
			w.ranks[i].drop(int32(agents - 1)) // so that the cache makes room for the sessions of all agents now
		}
	}
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

// load writes the decode batch of the next step into the scratch loads.
// Chunks, if there are any, were added to them before.
func (w *worker) load(decode bool) {
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

// advance moves the virtual step counter, and every context with it.
func (w *worker) advance(steps int) {
	w.steps += int64(steps)
	for i := range w.ranks {
		r := &w.ranks[i]
		r.context += float64(r.sequences) * w.growth * float64(steps)
	}
}

// begin gives a call a decode slot of its rank, from this step boundary on.
func (w *worker) begin(id int32) {
	s := &w.sequences[id]
	s.from, s.until = w.steps, w.steps+s.steps
	w.ends.push(due{step: s.until, call: id})
	w.ranks[s.rank].add(s.context)
	w.batch++
}

// grown is how many tokens a sequence has gained since it began.
func (w *worker) grown(s *sequence) float64 { return w.growth * float64(w.steps-s.from) }

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
	part.Sequences += float64(w.leg.decode * w.batch)
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
		s.Sequences = w.batch
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
	if sequences != w.batch || sequences != len(w.ends) {
		return fmt.Errorf("%d sequences on ranks, %d counted, %d to finish", sequences, w.batch, len(w.ends))
	}
	return nil
}
