package serve

import (
	"slices"

	"agentsim/models/kvcache/prefix"
	"agentsim/sim"
)

// Why prompt tokens were not found in a cache, as Tally.Missed counts them.
const (
	NeverSeen     = iota // nobody had computed them
	PromptChanged        // they stand where the session said something else before
	Evicted              // a pool had no room for them, or for what they need
	NoCheckpoint         // windows and states are not kept at their end
	OtherWorker          // they were computed elsewhere
	NotKept              // they were generated, and the engine does not keep that
	Causes
)

// Tally counts what happened since the window was opened. Issued, Finished and
// Sessions count over the whole run.
type Tally struct {
	from sim.Time

	Issued, Finished int64 // calls, whole run
	Sessions         int64 // trajectories that ended, whole run

	Calls        int64 // finished in the window, like all that follows
	InputTokens  int64
	HitTokens    int64
	Missed       [Causes]int64          // prompt tokens that were not found, by cause
	Evicted      [prefix.MaxPools]int64 // of these, by the pool that had no room for them
	OutputTokens int64
	Prefilled    int64   // prompt tokens computed
	MovedBytes   float64 // of caches, between workers
	Reloaded     float64 // bytes of caches, from tiers below HBM
	Failed       int64   // calls lost with the worker that had them, and sent again
	Preemptions  int64   // calls that lost their place in the decode batch
	Lost         int64   // tokens of cache that they lost with it

	Samples
	Queue float64 // seconds from submission to the beginning of prefill, summed over calls
	Fill  float64 // the same of prefill itself
	Hand  float64 // the same of transfer and the wait for a decode slot

	InState [states]sim.Time // time of all agents, by state
	Work    []WorkerTally
}

// Samples are what quantiles are of, call by call.
type Samples struct {
	TTFT     []float64 // seconds, one a call
	Speed    []float64 // tokens/s after the first token, one a call that has one
	E2ESpeed []float64 // tokens/s over the whole request, one a call that takes time
}

// Clone is a copy in lists of its own, no longer than they must be.
func (s *Samples) Clone() Samples {
	return Samples{TTFT: slices.Clone(s.TTFT), Speed: slices.Clone(s.Speed), E2ESpeed: slices.Clone(s.E2ESpeed)}
}

// Joined is all of several samples, in their order.
func Joined(all []Samples) (whole Samples) {
	var first, speed, e2e int
	for i := range all {
		first, speed, e2e = first+len(all[i].TTFT), speed+len(all[i].Speed), e2e+len(all[i].E2ESpeed)
	}
	whole = Samples{make([]float64, 0, first), make([]float64, 0, speed), make([]float64, 0, e2e)}
	for i := range all {
		whole.add(&all[i])
	}
	return whole
}

func (s *Samples) add(o *Samples) {
	s.TTFT = append(s.TTFT, o.TTFT...)
	s.Speed = append(s.Speed, o.Speed...)
	s.E2ESpeed = append(s.E2ESpeed, o.E2ESpeed...)
}

// blank is the same lists with nothing in them.
func (s *Samples) blank() Samples { return Samples{s.TTFT[:0], s.Speed[:0], s.E2ESpeed[:0]} }

// WorkerTally is what one worker did.
type WorkerTally struct {
	Busy      sim.Time
	Joules    float64 // dynamic
	Steps     int64   // steps that decoded
	Sequences float64 // summed over those steps
	Prompts   Prompts // of calls that finished and whose prompts it had computed
}

// Prompts counts tokens of prompts by where they came from.
type Prompts struct {
	Input, Hit int64
	Missed     [Causes]int64          // not found, by cause
	Evicted    [prefix.MaxPools]int64 // of these, by the pool that had no room for them
}

// count books the prompt of a call.
func (p *Prompts) count(c *call) {
	p.Input += int64(c.turn.Input)
	p.Hit += int64(c.hit)
	for cause, tokens := range causes(&c.missed) {
		p.Missed[cause] += tokens
	}
	for pool, tokens := range c.missed.Evicted {
		p.Evicted[pool] += int64(tokens)
	}
}

func (p *Prompts) add(o *Prompts) {
	p.Input += o.Input
	p.Hit += o.Hit
	for i, n := range o.Missed {
		p.Missed[i] += n
	}
	for i, n := range o.Evicted {
		p.Evicted[i] += n
	}
}

func (t *Tally) reset(now sim.Time, workers int) {
	work := t.Work
	if len(work) != workers {
		work = make([]WorkerTally, workers)
	}
	clear(work)
	*t = Tally{
		from:     now,
		Issued:   t.Issued,
		Finished: t.Finished,
		Sessions: t.Sessions,
		Samples:  t.Samples.blank(),
		Work:     work,
	}
}

func (t *Tally) spend(s State, d sim.Time) { t.InState[s] += d }

// record books a call that finishes now, whose prompt a worker computed. Answers
// of fewer than minOutput tokens have no output speed.
func (t *Tally) record(c *call, worker int32, now sim.Time, minOutput int) {
	turn := &c.turn
	t.Finished++
	t.Calls++
	t.InputTokens += int64(turn.Input)
	t.HitTokens += int64(c.hit)
	t.miss(&c.missed)
	t.Work[worker].Prompts.count(c)
	// Answers that end while those that are under way at the end of the window do not
	// count for all of their tokens, though some were said before the start.
	t.OutputTokens += int64(turn.Output + c.said)
	if !c.resumed { // else it was issued before the start
		t.TTFT = append(t.TTFT, (c.firstToken - c.issued).Seconds())
		t.Queue += (c.prefillStart - c.issued).Seconds()
		t.Fill += (c.prefillEnd - c.prefillStart).Seconds()
		t.Hand += (c.firstToken - c.prefillEnd).Seconds()
		if now > c.issued {
			t.E2ESpeed = append(t.E2ESpeed, float64(turn.Output)/(now-c.issued).Seconds())
		}
	}
	if int(turn.Output) >= minOutput && now > c.firstToken {
		t.Speed = append(t.Speed, float64(turn.Output-1)/(now-c.firstToken).Seconds())
	}
}

// miss books the prompt tokens that a call did not find.
func (t *Tally) miss(l *prefix.Lost) {
	for cause, tokens := range causes(l) {
		t.Missed[cause] += tokens
	}
	for pool, tokens := range l.Evicted {
		t.Evicted[pool] += int64(tokens)
	}
}

// causes lists what was lost, in tokens.
func causes(l *prefix.Lost) [Causes]int64 {
	evicted := 0
	for _, tokens := range l.Evicted {
		evicted += tokens
	}
	return [Causes]int64{
		NeverSeen:     int64(l.NeverSeen),
		PromptChanged: int64(l.PromptChanged),
		Evicted:       int64(evicted),
		NoCheckpoint:  int64(l.NoCheckpoint),
		OtherWorker:   int64(l.OtherWorker),
		NotKept:       int64(l.NotKept),
	}
}

// Merge adds another window to t. Samples are appended.
func (t *Tally) Merge(o *Tally) {
	t.Issued, t.Finished, t.Sessions = o.Issued, o.Finished, o.Sessions
	t.Calls += o.Calls
	t.InputTokens += o.InputTokens
	t.HitTokens += o.HitTokens
	for i, n := range o.Missed {
		t.Missed[i] += n
	}
	for i, n := range o.Evicted {
		t.Evicted[i] += n
	}
	t.OutputTokens += o.OutputTokens
	t.Prefilled += o.Prefilled
	t.MovedBytes += o.MovedBytes
	t.Reloaded += o.Reloaded
	t.Failed += o.Failed
	t.Preemptions += o.Preemptions
	t.Lost += o.Lost
	t.Samples.add(&o.Samples)
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
	w.Prompts.add(&o.Prompts)
}
