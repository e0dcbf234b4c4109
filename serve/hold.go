package serve

import "agentsim/models/step"

// hold is the state of a worker that holds prompts back while it decodes; see
// step.Schedule. All steps are decode steps made.
type hold struct {
	waiting bool
	since   int64 // at which the wait for company began
	ready   int64 // at which all ranks had a prompt; -1 = not yet
	until   int64 // at which the wait ends; 0 = no wait
	looked  int64 // at which prompts were last computed, and with that the queue looked at
	backlog bool  // those prompts left others waiting
}

// promptsEnded notes the end of a step with prompts.
func (h *hold) promptsEnded(steps int64, backlog bool) { h.looked, h.backlog = steps, backlog }

// holds reports whether prompts have to wait, and notes until when. A worker
// without sequences begins at once.
func (w *worker) holds() bool {
	h := &w.hold
	h.until = 0
	with, underWay := w.prompts()
	if w.batch.size == 0 || with == 0 && !underWay {
		h.waiting = false
		return false
	}
	h.until = w.kept(&w.policy.interval)
	if underWay {
		h.waiting = false
	} else {
		h.until = max(h.until, w.polled(), w.gathered(with))
	}
	return h.until > w.batch.made
}

// kept is the step at which the interval between prompts is over.
func (w *worker) kept(i *step.Interval) int64 {
	steps, n := w.batch.made, int64(i.N)
	switch {
	case n == 0:
		return 0
	case i.Kind == step.After:
		return w.hold.looked + n
	case w.hold.backlog && w.hold.looked == steps:
		return 0
	}
	return (steps+n)/n*n - 1 // the next step that n divides, the steps counted from 1
}

// polled is the step at which the queue is looked at next. It was when prompts
// were last computed.
func (w *worker) polled() int64 {
	n := int64(w.policy.poll)
	if n <= 1 {
		return 0
	}
	passed := w.batch.made - w.hold.looked
	return w.hold.looked + (passed+n-1)/n*n
}

// gathered is the step at which the wait for more prompts ends.
func (w *worker) gathered(with int) int64 {
	h, g := &w.hold, &w.policy.gather
	if g.Timeout == 0 || g.AllRanks && w.idleRank() || g.Fill > 0 && w.filled() >= g.Fill {
		h.waiting = false
		return 0
	}
	if !h.waiting {
		h.waiting, h.since, h.ready = true, w.batch.made, -1
	}
	until := h.since + int64(g.Timeout) - 1
	if g.AllRanks && with == len(w.ranks) {
		if h.ready < 0 {
			h.ready = w.batch.made
		}
		until = min(until, h.ready+int64(g.Extra))
	}
	if until <= w.batch.made {
		h.waiting = false
	}
	return until
}

// idleRank reports whether an attention rank has nothing to decode.
func (w *worker) idleRank() bool {
	for i := range w.ranks {
		if w.ranks[i].sequences == 0 {
			return true
		}
	}
	return false
}

// filled is the share of the budget that the prompts in the queue, in full, and
// the decode batch take on the fullest rank.
func (w *worker) filled() float64 {
	most := 0
	for i := range w.ranks {
		r := &w.ranks[i]
		most = max(most, r.queued+r.sequences*w.model.TokensPerSequence())
	}
	return float64(most) / float64(w.shape.TokenBudget)
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
