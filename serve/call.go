package serve

import (
	"fmt"

	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/trace"
)

// State is where an agent is in its turn.
type State uint8

// The states of an agent, in the order a turn passes them.
const (
	InTool     State = iota // waiting for a tool, a person, or to begin
	InIngress               // the request is on its way to a worker
	InQueue                 // waits for the prefill of its prompt to begin
	InReload                // its prefix comes back from a tier below HBM
	InPrefill               // its prompt is being computed
	InTransfer              // its cache moves to the decode worker
	InSlot                  // waits for a place in the decode batch
	InDecode                // tokens are coming
	states
)

// String returns the state's name.
func (s State) String() string {
	return [states]string{"tool", "ingress", "queue", "reload", "prefill", "transfer", "slot", "decode"}[s]
}

// call is an agent with the call it has in flight, if any.
type call struct {
	session trace.Session
	k       int // sessions this agent has begun
	turn    int
	luck    int32 // whose draws it gets: not the slot, which others had before

	state   State
	entered sim.Time // when it began
	since   sim.Time // up to which it is booked

	home, rank           int32 // entry worker and attention rank the session belongs to; -1 = none yet
	decoder, decoderRank int32 // where it decodes

	issued   sim.Time
	firstAt  sim.Time
	began    sim.Time // of the prefill
	filled   sim.Time // its end
	passed   float64  // seconds of the step that computed its last prompt token
	hit      int      // prompt tokens found in the cache
	done     int      // prompt tokens in the cache so far
	steps    int64    // decode steps it needs
	finishAt int64    // virtual step of its worker at which it is done
	joinedAt int64
	growAt   int64 // virtual step at which it has filled its room; -1 = not decoding

	order     int64 // of its joining the decode worker
	room      int   // tokens that its cache has room for
	context   int   // tokens in its cache when it got its slot
	generated int   // tokens it had generated when it was last retracted

	wire  int32   // that carries its cache
	bytes float64 // of it
}

func (c *call) current() *trace.Turn { return &c.session.Turns[c.turn] }

// prompt is the number of tokens that prefill has to see in the cache: the
// prompt, and after a retraction what was generated before it.
func (c *call) prompt() int { return int(c.current().Input) + c.generated }

// enter moves a call to a state and books the time spent in the last one.
func (c *Cluster) enter(id int32, s State) {
	a := &c.calls[id]
	now := c.sim.Now()
	c.observeStay(id)
	c.tally.spend(a.state, now-a.since)
	a.state, a.since, a.entered = s, now, now
}

// onWake begins the call of the agent's current turn, if there is one left to
// make.
func (c *Cluster) onWake(id int32) error {
	if c.cfg.CallsMax > 0 && c.tally.Issued >= c.cfg.CallsMax {
		return nil
	}
	a := &c.calls[id]
	c.enter(id, InIngress)
	a.issued, a.done, a.hit, a.generated = c.sim.Now(), 0, 0, 0
	c.tally.Issued++
	host := c.cfg.Engine.Host
	ingress := float64(host.Ingress) + float64(host.PerPromptToken)*float64(a.current().Input)
	c.arrived.After(sim.Ticks(ingress), id)
	return nil
}

// onArrive routes a call and puts it in its rank's queue.
func (c *Cluster) onArrive(id int32) error {
	c.enter(id, InQueue)
	c.route(id)
	a := &c.calls[id]
	w := &c.workers[a.home]
	if err := c.fits(w, id); err != nil {
		return err
	}
	w.ranks[a.rank].queue.push(id)
	w.ranks[a.rank].queued += int(a.current().Input)
	return c.wake(w)
}

// fits refuses a call that the worker could not even serve alone: it would
// wait for ever.
func (c *Cluster) fits(w *worker, id int32) error {
	cache := w.ranks[0].cache
	r := c.request(w, id)
	if cache.Fits(r.Prompt + r.Reserve) {
		return nil
	}
	reason := fmt.Sprintf("a prompt of %d tokens with %d to generate does not fit in a cache of %d tokens: "+
		"lower workload.context_limit, or give the worker more accelerators", r.Prompt, r.Reserve, cache.CapacityTokens())
	return &ErrMemory{Pool: w.pool, Reason: reason}
}

// finished ends the agent's turn: the last token is out.
func (c *Cluster) finished(id int32) error {
	a := &c.calls[id]
	turn := a.current()
	c.tally.Finished++
	c.tally.record(c, a)
	c.sim.Mix(uint64(id)<<32 | uint64(turn.Output))
	c.enter(id, InTool)
	if c.tally.Finished == c.cfg.CallsMax {
		c.sim.Stop() // a finite run ends with its last call, not with the gap behind it
	}
	a.turn++
	if c.forest != nil {
		return c.follow(id)
	}
	gap := 0.0
	if a.turn < len(a.session.Turns) {
		gap = float64(a.current().Gap)
	} else if err := c.nextSession(id); err != nil {
		return err
	} else {
		c.tally.Sessions++
	}
	c.woken.After(sim.Ticks(gap), id)
	return nil
}

// nextSession hands the agent its next trajectory, from its first turn.
func (c *Cluster) nextSession(id int32) error {
	a := &c.calls[id]
	c.forget(id)
	a.home, a.rank = -1, -1
	return c.beginSession(id, a.k+1)
}

// forget drops what workers still hold of the agent's session.
func (c *Cluster) forget(id int32) {
	a := &c.calls[id]
	if a.home >= 0 {
		r := &c.workers[a.home].ranks[a.rank]
		r.cache.Drop(kvcache.SessionID(id))
		r.homes--
	}
	if c.scatters() {
		c.dropAtEntries(id, -1, -1)
	}
	c.forgetAtDecoder(id)
}

// forgetAtDecoder drops what the decode worker has kept of the session.
func (c *Cluster) forgetAtDecoder(id int32) {
	a := &c.calls[id]
	if a.decoder >= 0 && c.cfg.Deployment.Cache.DecodeRetains {
		c.workers[a.decoder].ranks[a.decoderRank].cache.Drop(kvcache.SessionID(id))
	}
	a.decoder, a.decoderRank = -1, -1
}
