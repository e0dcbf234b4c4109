package serve

import (
	"agentsim/models/kvcache/prefix"
	"agentsim/sim"
	"agentsim/trace"
)

// State is where an agent is in its turn.
type State uint8

// The states of an agent, in the order in which a turn passes them.
const (
	InTool     State = iota // no call in flight: a tool or a person is at work
	InIngress               // the request is on its way to a worker
	InQueue                 // the call waits for the prefill of its prompt to begin
	InReload                // part of its prefix is fetched from a tier below HBM
	InPrefill               // its prompt is being computed
	InTransfer              // its cache moves to the decode worker
	InSlot                  // it waits for a place in the decode batch
	InDecode                // it generates tokens
	states
)

// String returns the state's name.
func (s State) String() string {
	return [states]string{"tool", "ingress", "queue", "reload", "prefill", "transfer", "slot", "decode"}[s]
}

// request is what an agent submits to the fleet: one turn of its session.
type request struct {
	turn      trace.Turn
	number    int   // of the turn in its session, from 0
	k         int   // number of the session among those of its agent
	luck      int32 // key of the random draws
	previous  int32 // prompt tokens of the turn before it; 0 for the first turn
	shared    int32 // leading prompt tokens that all sessions of the workload share
	holder    int32 // session that holds the inherited tokens; see inherited
	inherited int32 // leading prompt tokens that another session holds; 0 = none
	replays   int32 // 1 + the recording that the session plays; 0 = its words are its own
	said      int32 // tokens of its answer that were there at the start
	class     uint8 // what the session waits for after the turn
	resumed   bool  // it was in the middle of its answer at the start, where its prompt lies
}

// text numbers the words of a prompt that other sessions may send, too; 0 = none
// do.
func (r *request) text() uint64 {
	if r.replays == 0 {
		return 0
	}
	return uint64(r.replays)<<32 | uint64(r.number)
}

// residence is where a session lives. It outlasts the session's calls.
type residence struct {
	home, rank           int32 // entry worker and attention rank; -1 = none yet
	decoder, decoderRank int32 // decode worker and rank of a disaggregated deployment; -1 = none yet
	abandoned            bool  // the session is over, and its cache is left to eviction
}

// nowhere is the residence of a session that has not been routed.
func nowhere() residence { return residence{home: -1, rank: -1, decoder: -1, decoderRank: -1} }

// call is a call in flight, from its submission to its last token.
type call struct {
	request

	state   State
	entered sim.Time // when the state began
	booked  sim.Time // up to which the tally knows of it

	issued       sim.Time
	prefillStart sim.Time
	prefillEnd   sim.Time
	firstToken   sim.Time
	lastStep     float64 // seconds of the step that computed the last prompt token

	hit       int         // prompt tokens found in the cache when it was first admitted
	missed    prefix.Lost // why the others were not
	done      int         // prompt tokens that are in the cache so far
	generated int         // tokens generated before it was last preempted

	entry  int32 // worker that it was last sent to
	moving bool  // something of it is on its way: an event that is to come names it
	lost   bool  // the worker that had it has failed
	due    bool  // it was to be sent again while it was moving
}

// looksUp reports whether what is found of a call's prompt is that of the call: not
// after it lost its place, nor where its prompt was computed before the start.
func (c *call) looksUp() bool { return !c.preempted() && !c.resumed }

// sequence is a call in the decode batch of a worker.
type sequence struct {
	worker, rank int32 // where it decodes
	order        int64 // of its admission to the worker's batch
	steps        int64 // decode steps that it needs
	from         int64 // virtual step of the worker at which it began
	until        int64 // virtual step at which it is complete
	fullAt       int64 // virtual step at which its cache has no more room; -1 = it has no slot
	room         int   // tokens that its cache has room for
	context      int   // tokens in its cache at step from
}

// prompt is the number of tokens that must be in the cache before the next one
// can be generated: the prompt, and after a preemption also the tokens that
// were generated before it.
func (c *call) prompt() int { return int(c.turn.Input) + c.generated }

// preempted reports whether the call lost its place after its first token.
func (c *call) preempted() bool { return c.generated > 0 }

// flight is all calls in flight, with what everyone who serves them needs: the
// clock, the policy of the deployment and the tally. Calls, sequences and
// residences are indexed by session: an agent has one call at most.
type flight struct {
	clock      *sim.Simulation
	policy     policy
	drafts     drafts
	calls      []call
	sequences  []sequence
	residences []residence
	tally      *Tally
	observer   Observer // nil = none
	contents   *prefix.Contents
}

// register makes room for a session that begins now and has no call yet.
func (f *flight) register(id int32) {
	for int(id) >= len(f.calls) {
		f.calls = append(f.calls, call{})
		f.sequences = append(f.sequences, sequence{})
		f.residences = append(f.residences, nowhere())
	}
	f.residences[id] = nowhere()
	c, now := &f.calls[id], f.clock.Now()
	c.state, c.entered, c.booked = InTool, now, now
}

// enter moves a call to a state and books the time spent in the last one.
func (f *flight) enter(id int32, s State) {
	c := &f.calls[id]
	now := f.clock.Now()
	if f.observer != nil {
		f.observer.Stayed(f.stayed(id))
	}
	f.tally.spend(c.state, now-c.booked)
	c.state, c.entered, c.booked = s, now, now
}

// stayed describes the state that a call leaves now.
func (f *flight) stayed(id int32) Stayed {
	c := &f.calls[id]
	s := Stayed{
		Agent:  int(id),
		Turn:   c.number,
		Worker: int(f.residences[id].home),
		State:  c.state,
		From:   c.entered,
		To:     f.clock.Now(),
		Tokens: int(c.turn.Input),
	}
	if c.state == InDecode {
		s.Worker, s.Tokens = int(f.sequences[id].worker), int(c.turn.Output)
	}
	return s
}

// book brings the account of a session's state up to now.
func (f *flight) book(id int) {
	c, now := &f.calls[id], f.clock.Now()
	f.tally.spend(c.state, now-c.booked)
	c.booked = now
}

// idle reports whether a session has no call in flight.
func (f *flight) idle(id int32) bool { return f.calls[id].state == InTool }

// now is the time in seconds.
func (f *flight) now() float64 { return f.clock.Now().Seconds() }

// emit notes the first token of a call. After a preemption it was out before.
func (f *flight) emit(id int32) {
	if c := &f.calls[id]; !c.preempted() {
		c.firstToken = f.clock.Now()
	}
}

// begin notes what the tokens of a call's prompt are, once, before any cache is
// asked about them.
func (f *flight) begin(id int32) {
	c := &f.calls[id]
	t := prefix.Turn{Prompt: int(c.turn.Input), Common: f.common(&c.turn), Shared: int(c.shared), Text: c.text()}
	if c.number > 0 {
		t.Common = max(t.Common, t.Shared) // whatever was rewritten, it begins as all do
	}
	if f.policy.generated {
		t.Echo = int(c.turn.Echo)
	}
	if c.inherited > 0 {
		t.From, t.Inherited = prefix.SessionID(c.holder), int(c.inherited)
	}
	f.contents.Begin(prefix.SessionID(id), t)
}

// common is how many leading tokens of a prompt equal what a cache may hold of
// the session: the prompt before it and, if the workload sends generated text
// again, the answer to that.
func (f *flight) common(turn *trace.Turn) int {
	if f.policy.generated {
		return int(turn.Prefix) + int(turn.Echo)
	}
	return int(turn.Prefix)
}

// left is how many tokens a finished call leaves in a rank's cache. An engine
// cannot know whether the next prompt repeats what was generated; the entry of
// the last token is never written.
func (f *flight) left(r *rank, turn *trace.Turn) int {
	if r.knows {
		return f.matchable(turn)
	}
	return int(turn.Input) + int(turn.Output) - 1
}

// matchable is how many tokens of a finished call the next prompt can match.
func (f *flight) matchable(turn *trace.Turn) int {
	if f.policy.generated {
		return int(turn.Input) + int(turn.Output)
	}
	return int(turn.Input)
}
