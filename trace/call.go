// Package trace reads, generates and summarises records of how agents call a
// model. Every format becomes the same internal record, a Call; simulations
// consume Sessions, which a Pool cuts out of recorded calls and a Profile draws
// from distributions.
//
// Read call.go first, then pool.go and draw.go. The formats are in
// trace/readers, one file each.
package trace

// Kind says what made a call happen.
type Kind uint8

// What a call answers.
const (
	First Kind = iota // first call of a session
	Tool              // answers a tool result
	User              // answers a person
)

// String returns "first", "tool" or "user".
func (k Kind) String() string {
	switch k {
	case First:
		return "first"
	case Tool:
		return "tool"
	default:
		return "user"
	}
}

// Unknown marks a time that a trace does not tell.
const Unknown = -1.0

// Call is one request to the model as a trace records it. Calls of one agent
// come in order; calls of different sessions may be interleaved.
type Call struct {
	Session string // trajectory; empty = the format has no sessions and this call stands alone
	Agent   string // empty = the session's main agent
	Parent  string // session or agent that spawned this one
	Turn    int    // 0-based within (Session, Agent)
	Kind    Kind

	Start   float64 // seconds from the trace's start; negative = unknown
	Gap     float64 // seconds from the end of the previous call of this agent to this one; negative = unknown
	Service float64 // seconds the recorded provider took; negative = unknown

	Input  int // prompt tokens, whole
	Cached int // of these, what the recorded provider's cache returned; where the trace does not tell, Prefix
	Prefix int // of these, leading tokens that an earlier prompt of the session (or of any, where ids are global) holds
	Output int // tokens generated
	Shared int // of a first prompt, leading tokens that other sessions share (tools + system)

	// After, of a sub-agent's first call, is 1 + the turn of its parent whose
	// answer started it, and Joins that the call waited for all sub-agents that
	// its agent had started. Where a format tells neither (0 and false), times do.
	After int
	Joins bool
	// Holder is 1 + the number in the trace of the latest call before this one
	// whose prompt holds the last of the Prefix tokens; 0 = not told.
	Holder int

	Model string
	Tool  string // tool whose result this call answers, if known
}

// subAgent reports whether another agent or session spawned the caller.
func (c *Call) subAgent() bool { return c.Agent != "" || c.Parent != "" }

// Reader hands out the calls of a trace one by one. Read fills call and
// returns io.EOF after the last one.
type Reader interface {
	Read(call *Call) error
}

// Turn is one call as a simulation replays it: 24 bytes, no pointers.
type Turn struct {
	Input  int32   // prompt tokens, whole
	Prefix int32   // leading tokens that equal an earlier prompt of this session
	Echo   int32   // tokens right after Prefix that equal the previous output, if generated text is replayed
	Output int32   // tokens to generate
	Gap    float32 // seconds between the end of the previous call and this one
	Kind   Kind
	Tool   uint8 // whose result it answers: 1 + its place in Pool.Tools; 0 = none, or not told
}

// call is a turn as a line of a trace whose clock nobody has read: it belongs to no
// session yet.
func (t *Turn) call() Call {
	return Call{
		Kind:    t.Kind,
		Start:   Unknown,
		Gap:     float64(t.Gap),
		Service: Unknown,
		Input:   int(t.Input),
		Cached:  int(t.Prefix),
		Prefix:  int(t.Prefix),
		Output:  int(t.Output),
	}
}

// Session is a trajectory: the turns one agent walks in order.
type Session struct {
	ID     string
	Parent string  // session that spawned this one; empty for a main agent
	Start  float64 // seconds from the trace's start to the first call; negative = unknown
	Shared int32   // leading tokens of the first prompt that all sessions of the workload share
	// Inherited counts leading tokens of the first prompt that an earlier
	// prompt of another session holds: the parent's, or any where block ids
	// are global. It includes Shared tokens where both are known.
	Inherited int32
	// From is 1 + the session of the pool that holds what is inherited; 0 = not told.
	From int32
	// Replays is 1 + the number of the recording that the session plays word by
	// word, answers too: what one of its sessions has sent, a later one sends
	// again. 0 = its words are its own.
	Replays int32
	Turns   []Turn

	// At are the seconds from Start at which the calls of the turns went out,
	// Unknown where the trace does not tell; Spawns are the sub-agents that the
	// turns start, by turn. Both belong to the Pool and are empty unless
	// PoolOptions.Trees asked for them.
	At     []float64
	Spawns []Spawn
}

// Spawn is a sub-agent that a turn of a session starts.
type Spawn struct {
	Session int32   // of the pool
	After   int32   // turn of the parent whose answer starts it
	Join    int32   // turn of the parent that waits until it is done; 0 = none
	Delay   float32 // seconds from that answer's end to its first call
}
