package readers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// mooncakeBlock is the block size of the published traces, in tokens
// (kvcache-ai/Mooncake, FAST25-release; the default of AIPerf's --isl-block-size).
const mooncakeBlock = 512

// mooncake reads Mooncake traces: JSON Lines with global block ids and times
// in milliseconds; and AIPerf's extension of them. With a session_id only the
// first row of a session gives the whole prompt: input_length, text_input and
// message deltas of a later row are new and added to all that was said before,
// unless its context_mode says that they are the whole. delay is the time from
// the end of the answer before. The block size is that of the published traces
// if the rows allow it, or else found out of them.
type mooncake struct {
	env      *env
	out      *queue
	seen     idSet
	lists    idLists
	prompts  prompts
	sessions map[string]*mooncakeSession
	rows     uint32 // that became calls
	window   window[mooncakeRow]
	blocks   blockSize
	block    int // tokens; 0 = not known yet
}

type mooncakeSession struct {
	turns, input, output int
	prompt               prompt
	at                   float64 // of the last row read
}

// mooncakeRow is a row before its session is known.
type mooncakeRow struct {
	trace.Call
	ids      []uint64
	hasInput bool
	messages []message
	whole    bool // the row holds the whole context
	history  bool // messages hold the whole history
	delta    bool // message_mode says that they do not
}

const mooncakeKnown = "priority model type turn extra chat_id tools_hash"

func newMooncake(e *env) jsonFormat {
	m := &mooncake{env: e, sessions: map[string]*mooncakeSession{}, blocks: blockSize{usual: mooncakeBlock}}
	m.window = window[mooncakeRow]{env: e, take: m.place, order: mooncakeOrder}
	return m
}

// mooncakeOrder tells rows of one instant apart.
func mooncakeOrder(a, b *mooncakeRow) int {
	return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Input, b.Input), cmp.Compare(a.Output, b.Output),
		slices.Compare(a.ids, b.ids))
}

func (m *mooncake) begin(string) {}

func (m *mooncake) record(s *jsonscan.Scanner, q *queue) {
	r := mooncakeRow{Call: unknownTimes()}
	s.Object(func(key []byte) { m.field(s, key, &r) })
	switch {
	case s.Err() != nil:
		return
	case r.hasInput && len(r.messages) > 0:
		s.Fail("input_length beside text; want exactly one of them")
		return
	case !r.hasInput && len(r.messages) == 0:
		s.Fail("input_length: missing; want the prompt's tokens, or text_input or messages")
		return
	case len(r.messages) == 0 && !m.env.usable(&r.Call):
		return
	}
	m.blocks.see(r.Input, len(r.ids))
	m.out = q
	m.window.add(r, m.at(&r), len(r.ids))
}

// at is when a row stands in the trace: a row without a time behind the one of
// its session before it, or else of the file.
func (m *mooncake) at(r *mooncakeRow) float64 {
	at := r.Start
	session := m.session(r)
	if at < 0 {
		at = m.window.last
		if session.at >= 0 {
			at = session.at + max(r.Gap, micro)
		}
	}
	session.at = at
	return at
}

// session finds or begins the session of a row.
func (m *mooncake) session(r *mooncakeRow) *mooncakeSession {
	session := m.sessions[r.Session]
	if session == nil || r.Session == "" {
		session = &mooncakeSession{prompt: newPrompt(), at: trace.Unknown}
		if r.Session != "" {
			m.sessions[r.Session] = session
		}
	}
	return session
}

func (m *mooncake) finish(*queue) error { return nil }

// drain hands out the rows that the window holds.
func (m *mooncake) drain(q *queue) (bool, error) {
	m.out = q
	m.window.drain()
	return true, nil
}

func (m *mooncake) field(s *jsonscan.Scanner, key []byte, r *mooncakeRow) {
	switch string(key) {
	case "timestamp":
		r.Start = seconds(s, "timestamp", milli)
	case "delay":
		r.Gap = seconds(s, "delay", milli)
	case "input_length":
		r.Input, r.hasInput = s.Count("input_length"), true
	case "output_length":
		r.Output = s.Count("output_length")
	case "session_id":
		r.Session = s.String()
	case "hash_ids":
		r.ids = m.lists.read(s)
	case "text_input", "payload":
		text := message{hash: hashStart, tokens: messageTokens}
		m.env.feed(s, &text)
		r.messages = append(r.messages, text)
	case "messages":
		r.history = true
		array(s, func() { r.messages = append(r.messages, m.env.message(s, nil)) })
	case "tools":
		tools := message{hash: hashStart}
		m.env.feed(s, &tools)
		r.messages = append([]message{tools}, r.messages...)
	case "message_mode":
		r.delta = text(s) == "delta"
	case "context_mode":
		mode := text(s)
		r.whole, r.delta = strings.HasPrefix(mode, "message_array"), strings.HasPrefix(mode, "delta")
	default:
		m.env.unknown(s, key, mooncakeKnown)
	}
}

// place puts a row at the end of its session.
func (m *mooncake) place(r *mooncakeRow) {
	if m.block == 0 {
		m.block = cmp.Or(m.env.block, m.blocks.size())
	}
	if len(r.messages) == 0 && !fits(r.Input, len(r.ids), m.block) {
		m.env.note(fmt.Sprintf("rows whose hash_ids do not fill the prompt in blocks of %d", m.block))
	}
	hits := 0
	m.rows++
	blocks := len(r.ids)
	hits, r.Holder = m.seen.leadingOf(r.ids, m.rows)
	m.lists.done(r.ids)
	session := m.session(r)
	r.Turn = session.turns
	if session.turns > 0 {
		r.Kind = trace.Tool
	}
	switch {
	case len(r.messages) > 0:
		m.placeText(session, r)
	case session.turns > 0 && !r.whole:
		r.Input += session.input + session.output
		r.Prefix = session.input
	case session.turns > 0 && blocks == 0 && r.Input >= session.input:
		r.Prefix = session.input
	default:
		r.Prefix = min(hits*m.block, r.Input)
	}
	session.turns++
	session.input, session.output = r.Input, r.Output
	m.out.push(r.Call)
}

func (m *mooncake) placeText(session *mooncakeSession, r *mooncakeRow) {
	p := newPrompt()
	if session.turns > 0 && !r.whole && (r.delta || !r.history) {
		p = session.prompt
		p.tokens += session.output
		p.cached, p.missed = session.input, true
	}
	for _, msg := range r.messages {
		m.prompts.add(&p, msg)
	}
	r.Input, r.Prefix = p.tokens, p.cached
	session.prompt = p
}
