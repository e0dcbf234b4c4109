package serve

// notify tells a worker that something arrived: an idle one begins a step, one
// in a run of decode steps ends it at the next step boundary.
func (w *worker) notify() error {
	if !w.busy {
		return w.plan()
	}
	if !w.leg.single() {
		w.cut()
	}
	return nil
}

// endLeg ends the step or run under way, and plans the next.
func (w *worker) endLeg() error {
	w.busy = false
	if w.observer != nil {
		w.observer.Stepped(w.stepped())
	}
	w.bookLeg()
	if n := w.leg.decode; n > 0 {
		w.bookDecode()
		w.advance(n)
	}
	if err := w.complete(); err != nil {
		return err
	}
	if err := w.endChunks(); err != nil {
		return err
	}
	if err := w.extendCaches(); err != nil {
		return err
	}
	return w.plan()
}

// plan admits what can be admitted and begins the next step, if there is
// anything to do.
func (w *worker) plan() error {
	for w.emerged.n > 0 {
		if err := w.startDecode(w.emerged.pop()); err != nil {
			return err
		}
	}
	if w.decodes && !w.prefills {
		w.restoreSlots()
		if err := w.fillSlots(); err != nil {
			return err
		}
	}
	tokens := 0
	if w.prefills && !w.holds() {
		tokens = w.formChunks()
	}
	switch {
	case tokens > 0:
		w.beginStep()
	case w.batch > 0:
		w.beginRun()
	}
	return nil
}

// beginStep starts one step with prompt chunks, and with the decode batch
// unless prompts have priority.
func (w *worker) beginStep() {
	decode := 0
	if w.batch > 0 && w.policy.mixed {
		decode = 1
	}
	w.load(decode > 0)
	cost := w.price.Step(w.loads)
	w.run(newLeg(w.clock.Now(), 1, decode, cost, cost))
}

// beginRun starts decode steps up to the next instant at which the batch may
// change: a sequence is complete, a cache is full, a displaced call gets its
// slot back, or held prompts are looked at.
func (w *worker) beginRun() {
	count := w.ends[0].step - w.steps
	if len(w.fills) > 0 {
		count = max(1, min(count, w.fills[0].step-w.steps))
	}
	if w.hold.until > w.steps {
		count = min(count, w.hold.until-w.steps)
	}
	if w.displaced || w.policy.singleSteps {
		count = 1
	}
	w.load(true)
	first := w.price.Step(w.loads)
	last := first
	if count > 1 {
		for i := range w.loads {
			w.loads[i].Context += float64(w.loads[i].Sequences) * w.growth * float64(count-1)
		}
		last = w.price.Step(w.loads)
	}
	w.run(newLeg(w.clock.Now(), int(count), int(count), first, last))
}

// complete ends the calls whose last decode step is over.
func (w *worker) complete() error {
	for len(w.ends) > 0 && w.ends[0].step <= w.steps {
		id := w.ends.pop().call
		s := &w.sequences[id]
		w.ranks[s.rank].remove(float64(s.context) + w.grown(s))
		w.batch--
		if err := w.leave(id); err != nil {
			return err
		}
	}
	return nil
}
