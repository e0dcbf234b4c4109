package serve

// hold is the state of a worker that holds prompts back; see HoldSpec.
type hold struct {
	waiting bool
	since   int64 // virtual step at which the wait began
	until   int64 // virtual step at which it ends; 0 = no wait
}

// holds reports whether new prompts have to wait, and notes until when.
// Prompts that are partly computed never have to.
func (w *worker) holds() bool {
	h, spec := &w.hold, &w.policy.hold
	h.until = 0
	with, underWay := w.prompts()
	if with == 0 || underWay || w.batch.size == 0 {
		h.waiting = false
		return false
	}
	if spec.Poll > 1 {
		interval := int64(spec.Poll)
		h.until = (w.batch.steps + interval - 1) / interval * interval
	}
	if spec.Balance > 0 && with < len(w.ranks) {
		if !h.waiting {
			h.waiting, h.since = true, w.batch.steps
		}
		h.until = max(h.until, h.since+int64(spec.Balance))
	}
	if h.until > w.batch.steps {
		return true
	}
	h.waiting = false
	return false
}

// prompts counts the attention ranks with a prompt that waits, and says
// whether any has one under way.
func (w *worker) prompts() (with int, underWay bool) {
	for i := range w.ranks {
		r := &w.ranks[i]
		underWay = underWay || len(r.prefilling) > 0
		if r.queue.n > 0 {
			with++
		}
	}
	return with, underWay
}
