package readers

import (
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// dynamoMooncake reads Dynamo's agentic Mooncake rows: Mooncake with whole
// prompts and global 64-bit block ids, where a request starts delay +
// tool_wait_ms (milliseconds) after all of wait_for have ended. A session_id
// is a trajectory; one whose first request is the branch of another's request,
// or waits for it, is its sub-agent. The block size is not in the file: it is the smallest power of
// two that fits the first rows.
type dynamoMooncake struct {
	oneByOne
	env      *env
	seen     idSet
	requests idSet // hashes of the ids of all rows so far
	sessions map[string]*dynamoSession
	parents  map[string]dynamoParent // who named a request as its branch, until it comes
	latest   map[uint64]string       // session by the hash of its last request's id
	block    int                     // tokens
	row      dynamoRow               // under way; reused
}

// dynamoParent is the turn of a session that started another one.
type dynamoParent struct {
	session string
	turn    int
}

type dynamoSession struct {
	progress
	parent string
	last   uint64 // hash of the last request's id
}

type dynamoRow struct {
	trace.Call
	id           []byte
	waits        []uint64 // hashes of request ids
	branches     []string
	delay, tools float64 // seconds
	hits, blocks int
}

func newDynamoMooncake(e *env) jsonFormat {
	return &dynamoMooncake{env: e, sessions: map[string]*dynamoSession{}, parents: map[string]dynamoParent{},
		latest: map[uint64]string{}}
}

func (d *dynamoMooncake) record(s *jsonscan.Scanner, q *queue) {
	r := &d.row
	*r = dynamoRow{
		Call:     unknownTimes(),
		delay:    trace.Unknown,
		tools:    trace.Unknown,
		id:       r.id[:0],
		waits:    r.waits[:0],
		branches: r.branches[:0],
	}
	r.Kind = trace.User
	s.Object(func(key []byte) { d.field(s, key, r) })
	switch {
	case s.Err() != nil:
		return
	case len(r.id) == 0 || r.Session == "":
		s.Fail("request_id or session_id: missing; want both")
		return
	case d.requests.has(requestHash(r.id)):
		d.env.note(copies)
		return
	case !d.started(r):
		s.Fail("request %s waits for one that does not stand before it; want rows in an order in which they can start", r.id)
		return
	case !d.env.usable(&r.Call):
		return
	case !d.fitBlock(r.Input, r.blocks):
		s.Fail("hash_ids: %d ids for %d tokens; want blocks of one size, here %d tokens", r.blocks, r.Input, d.block)
		return
	}
	d.place(r)
	q.push(r.Call)
}

func (d *dynamoMooncake) field(s *jsonscan.Scanner, key []byte, r *dynamoRow) {
	switch string(key) {
	case "request_id":
		r.id = append(r.id[:0], s.Bytes()...)
	case "session_id":
		r.Session = d.env.names.of(s.Bytes())
	case "timestamp":
		r.Start = seconds(s, "timestamp", milli)
	case "delay":
		r.delay = seconds(s, "delay", milli)
	case "tool_wait_ms":
		r.tools = seconds(s, "tool_wait_ms", milli)
	case "input_length":
		r.Input = s.Count("input_length")
	case "output_length":
		r.Output = s.Count("output_length")
	case "hash_ids":
		if !s.Null() {
			r.hits, r.blocks = d.seen.leading(s)
		}
	case "wait_for":
		array(s, func() { r.waits = append(r.waits, requestHash(s.Bytes())) })
	case "branches":
		array(s, func() { r.branches = append(r.branches, s.String()) })
	case "tool_events":
		array(s, func() { d.toolEvent(s, r) })
	default:
		d.env.unknown(s, key, "prefix_reset model")
	}
}

func (d *dynamoMooncake) toolEvent(s *jsonscan.Scanner, r *dynamoRow) {
	r.Kind = trace.Tool
	nested(s, func() { r.Tool = d.env.names.of(s.Bytes()) }, "tool_class")
}

// started reports whether all requests that a row waits for stand before it,
// and notes the row itself. Circular waits can not pass.
func (d *dynamoMooncake) started(r *dynamoRow) bool {
	for _, id := range r.waits {
		if !d.requests.has(id) {
			return false
		}
	}
	d.requests.add(requestHash(r.id))
	return true
}

// fitBlock reports whether that many ids fit a prompt, at the block size that
// the rows before allow.
func (d *dynamoMooncake) fitBlock(input, blocks int) bool {
	if blocks == 0 || d.block > 0 {
		return blocks == 0 || blocks == input/d.block || blocks == (input+d.block-1)/d.block
	}
	if d.block = d.env.block; d.block > 0 {
		return d.fitBlock(input, blocks)
	}
	for d.block = 1; d.block*blocks < input; d.block *= 2 {
	}
	return blocks == (input+d.block-1)/d.block
}

func (d *dynamoMooncake) place(r *dynamoRow) {
	if r.delay >= 0 || r.tools >= 0 {
		r.Gap = max(r.delay, 0) + max(r.tools, 0)
	}
	if r.tools > 0 {
		r.Kind = trace.Tool
	}
	r.Prefix = min(r.hits*d.block, r.Input)
	session := d.sessions[r.Session]
	if session == nil {
		parent, ok := d.parent(r)
		if ok {
			r.After = parent.turn + 1
		}
		session = &dynamoSession{progress: progress{end: trace.Unknown}, parent: parent.session}
		d.sessions[r.Session] = session
	}
	r.Parent, r.Joins = session.parent, d.joins(r)
	delete(d.parents, string(r.id))
	for _, branch := range r.branches {
		d.parents[branch] = dynamoParent{r.Session, session.turns}
	}
	delete(d.latest, session.last)
	session.last = requestHash(r.id)
	d.latest[session.last] = r.Session
	session.place(&r.Call)
}

// parent returns the turn whose request started the first one of another session.
func (d *dynamoMooncake) parent(r *dynamoRow) (dynamoParent, bool) {
	if parent, ok := d.parents[string(r.id)]; ok && parent.session != r.Session {
		return parent, true
	}
	for _, wait := range r.waits {
		if name, ok := d.latest[wait]; ok && name != r.Session {
			return dynamoParent{name, d.sessions[name].turns - 1}, true
		}
	}
	return dynamoParent{}, false
}

// joins reports whether a request waits for the last one of a sub-agent.
func (d *dynamoMooncake) joins(r *dynamoRow) bool {
	return slices.ContainsFunc(r.waits, func(wait uint64) bool {
		name, ok := d.latest[wait]
		return ok && name != r.Session && d.sessions[name].parent == r.Session
	})
}

func requestHash(id []byte) uint64 { return hashBytes(hashStart, id) | 1 }
