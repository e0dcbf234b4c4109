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
		w.batch.advance(n)
		w.batch.emitFresh()
	}
	if err := w.batch.complete(); err != nil {
		return err
	}
	if len(w.chunks) > 0 {
		w.hold.promptsEnded(w.batch.made, w.leavesWaiting())
	}
	if err := w.endChunks(); err != nil {
		return err
	}
	if err := w.batch.extendCaches(); err != nil {
		return err
	}
	return w.plan()
}

// plan admits what can be admitted and begins the next step, if there is
// anything to do.
func (w *worker) plan() error {
	for w.emerged.n > 0 {
		if err := w.batch.start(w.emerged.pop()); err != nil {
			return err
		}
	}
	if w.decodes && !w.prefills {
		w.batch.restoreSlots()
		if w.batch.looks() {
			if err := w.batch.admitWaiting(); err != nil {
				return err
			}
		}
	}
	tokens := 0
	if w.prefills && !w.holds() {
		tokens = w.formChunks()
	}
	switch {
	case tokens > 0:
		w.beginStep()
	case w.batch.size > 0:
		w.beginRun()
	}
	return nil
}

// beginStep starts one step with prompt chunks, and with the decode batch
// unless prompts have priority.
func (w *worker) beginStep() {
	decode := 0
	if w.batch.size > 0 && w.policy.mixed {
		decode = 1
	}
	w.setLoads(decode > 0)
	cost := w.pricer().Step(w.loads)
	w.run(newLeg(w.clock.Now(), 1, decode, cost, cost))
}

// beginRun starts decode steps up to the next instant at which the batch may
// change: a sequence is complete, a cache is full, a displaced call gets its
// slot back, or held prompts are looked at.
func (w *worker) beginRun() {
	b := &w.batch
	w.setLoads(true)
	price := w.pricer()
	count := (b.ends[0].step - b.steps + b.unit - 1) / b.unit
	if len(b.overflows) > 0 {
		count = max(1, min(count, (b.overflows[0].step-b.steps+b.unit-1)/b.unit))
	}
	for _, until := range []int64{w.hold.until, b.looksAt} {
		if until > b.made {
			count = min(count, until-b.made)
		}
	}
	if b.displaced || len(b.fresh) > 0 || w.policy.singleSteps {
		count = 1
	}
	first := price.Step(w.loads)
	last := first
	if count > 1 {
		for i := range w.loads {
			w.loads[i].Context += float64(w.loads[i].Sequences) * w.growth * float64((count-1)*b.unit)
		}
		last = price.Step(w.loads)
	}
	w.run(newLeg(w.clock.Now(), int(count), int(count), first, last))
}

// leavesWaiting reports whether a prompt waits that the step under way had no
// part of.
func (w *worker) leavesWaiting() bool {
	with, _ := w.prompts()
	return with > 0
}

// await puts a call whose cache has arrived in line for a decode slot.
func (w *worker) await(id int32) error {
	if err := w.refuse(id); err != nil {
		return err
	}
	w.batch.waiting.push(id)
	return w.notify()
}
