package serve

import "fmt"

// HoldSpec is how long an aggregated worker that has sequences to decode
// leaves new prompts waiting, so that more of them share a step. Without
// sequences it begins at once.
type HoldSpec struct {
	// Poll looks at the queue once in so many decode steps; 0 or 1 = at every
	// one (SGLang's scheduler_recv_interval).
	Poll int `yaml:"poll,omitempty"`
	// Balance waits until every attention rank has a prompt, but for no more
	// than so many decode steps; 0 = not at all (TensorRT-LLM's
	// attention_dp_config: enable_balance with timeout_iters).
	Balance int `yaml:"balance,omitempty"`
}

func (h HoldSpec) validate() error {
	switch {
	case h.Poll < 0:
		return field("hold.poll", fmt.Sprintf("%d: want 0 (every step) or more decode steps", h.Poll))
	case h.Balance < 0:
		return field("hold.balance", fmt.Sprintf("%d: want 0 (never) or more decode steps", h.Balance))
	}
	return nil
}

// hold is a worker's state under a HoldSpec.
type hold struct {
	waiting bool
	since   int64 // virtual step at which the wait began
	until   int64 // virtual step at which it ends; 0 = no wait
}

// holds says whether new prompts have to wait, and notes until when. Prompts
// that are partly computed never do.
func (c *Cluster) holds(w *worker) bool {
	spec := &c.cfg.Deployment.Hold
	w.hold.until = 0
	with, filling := w.prompts()
	if with == 0 || filling || w.sequence == 0 {
		w.hold.waiting = false
		return false
	}
	if spec.Poll > 1 {
		interval := int64(spec.Poll)
		w.hold.until = (w.steps + interval - 1) / interval * interval
	}
	if spec.Balance > 0 && with < len(w.ranks) {
		if !w.hold.waiting {
			w.hold.waiting, w.hold.since = true, w.steps
		}
		w.hold.until = max(w.hold.until, w.hold.since+int64(spec.Balance))
	}
	if w.hold.until > w.steps {
		return true
	}
	w.hold.waiting = false
	return false
}

// prompts counts the attention ranks with a prompt that waits, and says
// whether any has one under way.
func (w *worker) prompts() (with int, filling bool) {
	for i := range w.ranks {
		r := &w.ranks[i]
		filling = filling || len(r.filling) > 0
		if r.queue.n > 0 {
			with++
		}
	}
	return with, filling
}
