package serve

import (
	"fmt"

	"agentsim/sim"
)

// Tally is what happened since the window was opened; the totals of calls
// are over the whole run.
type Tally struct {
	from sim.Time

	Issued, Finished int64 // calls, whole run
	Sessions         int64 // trajectories that ended, whole run

	Calls        int64 // finished in the window, like all that follows
	InputTokens  int64
	HitTokens    int64
	OutputTokens int64
	Prefilled    int64   // prompt tokens computed
	MovedBytes   float64 // of caches, between workers
	Reloaded     float64 // bytes of caches, from tiers below HBM
	Retractions  int64   // calls that lost their place in the decode batch
	Lost         int64   // tokens of cache that went with them

	TTFT     []float64 // seconds, one a call
	Speed    []float64 // tokens/s after the first token, one a call that has one
	E2ESpeed []float64 // tokens/s over the whole request, one a call that takes time
	Queue    float64   // seconds summed over calls: waiting for prefill to begin
	Fill     float64   // prefill itself
	Hand     float64   // transfer and wait for a decode slot

	InState [states]sim.Time // agent time by state
	Work    []WorkerTally
}

// WorkerTally is one worker's part.
type WorkerTally struct {
	Busy      sim.Time
	Joules    float64 // dynamic
	Steps     int64   // steps that decoded
	Sequences float64 // summed over those steps
}

func (t *Tally) reset(now sim.Time, workers int) {
	work := t.Work
	if len(work) != workers {
		work = make([]WorkerTally, workers)
	}
	clear(work)
	*t = Tally{from: now, Issued: t.Issued, Finished: t.Finished, Sessions: t.Sessions,
		TTFT: t.TTFT[:0], Speed: t.Speed[:0], E2ESpeed: t.E2ESpeed[:0], Work: work}
}

func (t *Tally) spend(s State, d sim.Time) { t.InState[s] += d }

func (t *Tally) prefilled(tokens int) { t.Prefilled += int64(tokens) }

func (t *Tally) moved(bytes float64) { t.MovedBytes += bytes }

// work books what a worker did up to now in the step or run under way.
func (t *Tally) work(w *worker, now sim.Time) {
	part := &t.Work[w.id]
	busy, joules := w.leg.book(now)
	part.Busy += busy
	part.Joules += joules
}

// decoded books the decode steps of a step or run that ended.
func (t *Tally) decoded(w *worker, steps int) {
	part := &t.Work[w.id]
	part.Steps += int64(steps)
	part.Sequences += float64(steps * w.sequence)
}

// record books a finished call.
func (t *Tally) record(c *Cluster, a *call) {
	now := c.sim.Now()
	turn := a.current()
	ttft := (a.firstAt - a.issued).Seconds()
	t.Calls++
	t.InputTokens += int64(turn.Input)
	t.HitTokens += int64(a.hit)
	t.OutputTokens += int64(turn.Output)
	t.TTFT = append(t.TTFT, ttft)
	t.Queue += (a.began - a.issued).Seconds()
	t.Fill += (a.filled - a.began).Seconds()
	t.Hand += (a.firstAt - a.filled).Seconds()
	if now > a.issued {
		t.E2ESpeed = append(t.E2ESpeed, float64(turn.Output)/(now-a.issued).Seconds())
	}
	if int(turn.Output) < c.cfg.MinOutput || now <= a.firstAt {
		return
	}
	t.Speed = append(t.Speed, float64(turn.Output-1)/(now-a.firstAt).Seconds())
}

// book brings all running accounts up to now.
func (c *Cluster) book() {
	now := c.sim.Now()
	for i := range c.calls {
		if !c.alive(i) {
			continue
		}
		a := &c.calls[i]
		c.tally.spend(a.state, now-a.since)
		a.since = now
	}
	for i := range c.workers {
		if w := &c.workers[i]; w.busy {
			c.tally.work(w, now)
		}
	}
}

// Totals returns the counts of the whole run so far.
func (c *Cluster) Totals() *Tally { return &c.tally }

// WorkerAccelerators is the number of accelerators of a worker, by its place
// in Tally.Work.
func (c *Cluster) WorkerAccelerators(worker int) int { return c.workers[worker].shape.Accelerators }

// Merge adds another window to t. Sample slices are appended.
func (t *Tally) Merge(o *Tally) {
	t.Issued, t.Finished, t.Sessions = o.Issued, o.Finished, o.Sessions
	t.Calls += o.Calls
	t.InputTokens += o.InputTokens
	t.HitTokens += o.HitTokens
	t.OutputTokens += o.OutputTokens
	t.Prefilled += o.Prefilled
	t.MovedBytes += o.MovedBytes
	t.Reloaded += o.Reloaded
	t.Retractions += o.Retractions
	t.Lost += o.Lost
	t.TTFT = append(t.TTFT, o.TTFT...)
	t.Speed = append(t.Speed, o.Speed...)
	t.E2ESpeed = append(t.E2ESpeed, o.E2ESpeed...)
	t.Queue += o.Queue
	t.Fill += o.Fill
	t.Hand += o.Hand
	for i := range t.InState {
		t.InState[i] += o.InState[i]
	}
	if t.Work == nil {
		t.Work = make([]WorkerTally, len(o.Work))
	}
	for i := range o.Work {
		t.Work[i].add(&o.Work[i])
	}
}

func (w *WorkerTally) add(o *WorkerTally) {
	w.Busy += o.Busy
	w.Joules += o.Joules
	w.Steps += o.Steps
	w.Sequences += o.Sequences
}

// OpenWindow begins a new window of measurement.
func (c *Cluster) OpenWindow() {
	c.book()
	c.tally.reset(c.sim.Now(), len(c.workers))
	if c.forest != nil {
		c.forest.count(c.sim.Now(), 0)
		c.forest.lived = 0
	}
}

// alive reports whether a slot is that of an agent with calls left to make.
func (c *Cluster) alive(slot int) bool { return c.forest == nil || c.forest.members[slot].alive }

// lived is the agents alive, summed over the time of the window.
func (c *Cluster) lived() sim.Time {
	if f := c.forest; f != nil {
		f.count(c.sim.Now(), 0)
		return f.lived
	}
	return sim.Time(len(c.calls)) * (c.sim.Now() - c.tally.from)
}

// Window closes the books at this instant and returns the tally of the
// window. It stays valid until the next OpenWindow.
func (c *Cluster) Window() *Tally {
	c.book()
	return &c.tally
}

// Span is the length of the window in seconds.
func (c *Cluster) Span() float64 { return (c.sim.Now() - c.tally.from).Seconds() }

// Check verifies the laws that hold at every instant: every call is finished
// or in flight, an agent has one call at most, agents are conserved, caches
// add up, and state times sum to agents times time (so that N = X·C).
func (c *Cluster) Check() error {
	t := &c.tally
	flying, spent := int64(0), sim.Time(0)
	for i := range c.calls {
		if c.calls[i].state != InTool {
			flying++
		}
		if c.alive(i) {
			spent += c.sim.Now() - c.calls[i].since
		}
	}
	if t.Issued != t.Finished+flying {
		return fmt.Errorf("calls are not conserved: %d issued, %d finished, %d in flight", t.Issued, t.Finished, flying)
	}
	for _, d := range t.InState {
		spent += d
	}
	if total := c.lived(); spent != total {
		return fmt.Errorf("%d agents spent %v in their states, want %v", c.Alive(), spent, total)
	}
	for i := range c.workers {
		if err := c.workers[i].check(); err != nil {
			return fmt.Errorf("worker %d at %v: %w", i, c.sim.Now(), err)
		}
	}
	return nil
}

func (w *worker) check() error {
	sequences := 0
	for i := range w.ranks {
		r := &w.ranks[i]
		sequences += r.sequences
		if used, free, all := r.cache.Used(), r.cache.Free(), r.cache.Capacity(); used+free != all || used < 0 || free < 0 {
			return fmt.Errorf("rank %d: cache blocks are not conserved: %d used + %d free, %d in all", i, used, free, all)
		}
		if r.running < r.sequences || r.sequences < 0 || r.context < 0 {
			return fmt.Errorf("rank %d: %d running, %d decoding, context %g", i, r.running, r.sequences, r.context)
		}
	}
	if sequences != w.sequence || sequences != len(w.done) {
		return fmt.Errorf("%d sequences on ranks, %d counted, %d to finish", sequences, w.sequence, len(w.done))
	}
	return nil
}
