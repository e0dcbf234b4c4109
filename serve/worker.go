package serve

import (
	"agentsim/models/kvcache"
	"agentsim/models/step"
	"agentsim/sim"
)

// worker is one engine replica. It alternates between single steps that
// contain prompt chunks and runs of decode steps, in which nothing per
// sequence is touched: a sequence that joins at virtual step K and needs s
// steps is done at K+s (modelling.md 7.2).
type worker struct {
	id       int
	pool     string
	unit     int
	prefills bool // takes prompts
	decodes  bool
	model    *step.Model
	price    pricer // the model, but for tests
	shape    step.Shape
	growth   float64 // tokens a sequence gains per step, on average

	fillSeconds float64 // of prefill per prompt token, in full steps

	ranks   []rank
	loads   []step.Rank // scratch: the ranks' loads of the next step
	waiting fifo        // calls that want a decode slot
	batch   []chunk     // prompt chunks of the step under way
	emerged fifo        // calls out of a pipeline that join at the next step
	done    finishHeap  // decoding calls by the virtual step they end at
	growing finishHeap  // the same by the step they fill their room at; may hold calls that have left

	hold     hold
	busy     bool
	timer    sim.Timer
	steps    int64 // virtual steps completed
	sequence int   // decoding sequences over all ranks
	joined   int64 // calls that ever joined
	settled  int64 // of these, at earlier boundaries than the last
	visited  bool  // the next step has calls that leave their slot after it
	leg      leg   // the step or run under way
}

// rank is one attention rank: it owns its sequences and their cache.
type rank struct {
	cache     *kvcache.Cache
	tiers     tierWires // from the stores below HBM
	out       int32     // wire to the decode pool
	queue     fifo      // calls that wait for a place, in order of arrival
	filling   []int32   // calls whose prompt is being computed, in order of admission
	queued    int       // prompt tokens still to be computed of all calls here
	homes     int       // sessions that belong here
	running   int       // calls with a place: prompt under way or decoding
	sequences int       // decoding
	parked    []int32   // with a place but no slot, by arrival (decode_order first-token)
	fresh     int       // of the decoding, those that joined at this boundary
	context   float64   // tokens in the caches of the decoding sequences
}

// chunk is a piece of one prompt in a step.
type chunk struct {
	call   int32
	rank   int32
	tokens int
}

func newWorker(id int, p NamedPool, m *step.Model, spec kvcache.Spec, agents int) (worker, error) {
	shape := m.Config().Shape
	w := worker{id: id, pool: p.Name, prefills: p.Name != "decode", decodes: p.Name != "prefill",
		model: m, price: m, shape: shape, growth: m.TokensPerStep(),
		ranks: make([]rank, shape.Ranks()), loads: make([]step.Rank, shape.Ranks())}
	for i := range w.ranks {
		cache, err := kvcache.New(spec)
		if err != nil {
			return w, err
		}
		if agents > 0 {
			cache.Drop(kvcache.SessionID(agents - 1)) // so that it makes room for the sessions of all agents now
		}
		w.ranks[i].cache = cache
	}
	return w, nil
}

// fullStepSeconds is a step in which every rank computes a prompt as long as
// its token budget.
func (w *worker) fullStepSeconds() float64 {
	loads := make([]step.Rank, len(w.ranks))
	for i := range loads {
		w.model.AddPrefill(&loads[i], 0, w.shape.TokenBudget, true)
	}
	return w.price.Step(loads).Seconds
}

// wake lets a worker notice that something arrived: an idle one begins a
// step, one in a run of decode steps ends it at the next step boundary.
func (c *Cluster) wake(w *worker) error {
	if !w.busy {
		return c.plan(w)
	}
	if w.leg.single() {
		return nil
	}
	now := c.sim.Now()
	if n, at := w.leg.nextBoundary(now); n < w.leg.count {
		w.timer.Cancel()
		w.leg.cut(n)
		w.timer = c.boundary.At(at, int32(w.id))
	}
	return nil
}

// onBoundary ends the step or run under way, and plans the next.
func (c *Cluster) onBoundary(id int32) error {
	w := &c.workers[id]
	w.busy = false
	c.observeStep(w)
	c.tally.work(w, c.sim.Now())
	if n := w.leg.decode; n > 0 {
		c.tally.decoded(w, n)
		w.grow(n)
	}
	if err := c.complete(w); err != nil {
		return err
	}
	if err := c.endChunks(w); err != nil {
		return err
	}
	if err := c.growCaches(w); err != nil {
		return err
	}
	return c.plan(w)
}

// grow advances the virtual step counter, and every context with it.
func (w *worker) grow(steps int) {
	w.steps += int64(steps)
	for i := range w.ranks {
		r := &w.ranks[i]
		r.context += float64(r.sequences) * w.growth * float64(steps)
	}
}

// complete ends the calls whose last decode step is over.
func (c *Cluster) complete(w *worker) error {
	for len(w.done) > 0 && w.done[0].step <= w.steps {
		id := w.done.pop().call
		a := &c.calls[id]
		r := &w.ranks[c.decodeRank(a)]
		r.sequences--
		r.running--
		w.sequence--
		r.context -= float64(a.context) + w.growth*float64(w.steps-a.joinedAt)
		if r.sequences == 0 {
			r.context = 0 // rounding must not add up
		}
		c.leaveDecode(w, r, id)
		if err := c.finished(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) decodeRank(a *call) int32 {
	if c.cfg.Deployment.Mode == Aggregated {
		return a.rank
	}
	return a.decoderRank
}

// leaveDecode gives back the cache of a finished call, or keeps its prefix.
func (c *Cluster) leaveDecode(w *worker, r *rank, id int32) {
	a := &c.calls[id]
	cache := &c.cfg.Deployment.Cache
	switch {
	case cache.Off, !w.prefills && !cache.DecodeRetains:
		r.cache.Retract(c.Now(), kvcache.SessionID(id))
	default:
		r.cache.Release(c.Now(), kvcache.SessionID(id), c.kept(a))
	}
}

// kept is how much of the context the next prompt can match: the prompt, and
// what was generated if the next prompt repeats it.
func (c *Cluster) kept(a *call) int {
	turn := a.current()
	if c.cfg.Replay == Generated {
		return int(turn.Input) + int(turn.Output)
	}
	return int(turn.Input)
}

// plan admits what can be admitted and begins the next step, if there is
// anything to do.
func (c *Cluster) plan(w *worker) error {
	for w.emerged.n > 0 {
		id := w.emerged.pop()
		if err := c.startDecode(w, &w.ranks[c.calls[id].rank], id); err != nil {
			return err
		}
	}
	if w.decodes && !w.prefills {
		c.resume(w)
		if err := c.join(w); err != nil {
			return err
		}
	}
	tokens := 0
	if w.prefills && !c.holds(w) {
		tokens = c.formChunks(w)
	}
	switch {
	case tokens > 0:
		c.beginStep(w)
	case w.sequence > 0:
		c.beginRun(w)
	}
	return nil
}

// beginStep starts one step with prompt chunks, and with the decode batch
// unless prompts have priority.
func (c *Cluster) beginStep(w *worker) {
	with := w.sequence > 0 && c.mixes()
	c.load(w, with)
	cost := w.price.Step(w.loads)
	decode := 0
	if with {
		decode = 1
	}
	c.begin(w, newLeg(c.sim.Now(), 1, decode, cost, cost))
}

// beginRun starts decode steps up to the next completion.
func (c *Cluster) beginRun(w *worker) {
	count := w.done[0].step - w.steps
	if len(w.growing) > 0 {
		count = max(1, min(count, w.growing[0].step-w.steps))
	}
	if w.visited {
		count = 1
	}
	if w.hold.until > w.steps {
		count = min(count, w.hold.until-w.steps)
	}
	if c.cfg.naive {
		count = 1
	}
	c.load(w, true)
	first := w.price.Step(w.loads)
	last := first
	if count > 1 {
		for i := range w.loads {
			w.loads[i].Context += float64(w.loads[i].Sequences) * w.growth * float64(count-1)
		}
		last = w.price.Step(w.loads)
	}
	c.begin(w, newLeg(c.sim.Now(), int(count), int(count), first, last))
}

func (c *Cluster) begin(w *worker, l leg) {
	w.leg, w.busy = l, true
	w.timer = c.boundary.At(l.end(), int32(w.id))
}

// load writes the ranks' share of the next step into the scratch loads.
// Chunks were added to them by formChunks.
func (c *Cluster) load(w *worker, decode bool) {
	if len(w.batch) == 0 {
		clear(w.loads)
	}
	for i := range w.ranks {
		w.loads[i].Sequences, w.loads[i].Context = 0, 0
		if decode {
			w.loads[i].Sequences, w.loads[i].Context = w.ranks[i].sequences, w.ranks[i].context
		}
	}
}
