package readers

import (
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
// and delay is the time from the end of the answer before.
type mooncake struct {
	oneByOne
	env      *env
	seen     idSet
	prompts  prompts
	sessions map[string]*mooncakeSession
	rows     uint32 // that became calls
}

type mooncakeSession struct {
	turns, input, output int
	prompt               prompt
}

// mooncakeRow is a row before its session is known.
type mooncakeRow struct {
	trace.Call
	hits, blocks int
	hasInput     bool
	messages     []message
	whole        bool // messages hold the whole history
	delta        bool // message_mode says that they do not
}

const mooncakeKnown = "priority model type turn extra chat_id tools_hash"

func newMooncake(e *env) jsonFormat {
	return &mooncake{env: e, sessions: map[string]*mooncakeSession{}}
}

func (m *mooncake) record(s *jsonscan.Scanner, q *queue) {
	r := mooncakeRow{Call: unknownTimes()}
	s.Object(func(key []byte) { m.field(s, key, &r) })
	most := (r.Input + mooncakeBlock - 1) / mooncakeBlock
	switch {
	case s.Err() != nil:
		return
	case r.hasInput && len(r.messages) > 0:
		s.Fail("input_length beside text; want exactly one of them")
		return
	case !r.hasInput && len(r.messages) == 0:
		s.Fail("input_length: missing; want the prompt's tokens, or text_input or messages")
		return
	case r.blocks > 0 && (r.blocks > most || r.blocks < r.Input/mooncakeBlock):
		s.Fail("hash_ids: %d ids; want %d for %d tokens in blocks of %d", r.blocks, most, r.Input, mooncakeBlock)
		return
	}
	if r.Input == 0 && len(r.messages) == 0 {
		s.Fail("input_length: 0; want at least one token")
		return
	}
	m.place(&r)
	m.rows++
	q.push(r.Call)
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
		r.hits, r.blocks, r.Holder = m.seen.leadingOf(s, m.rows+1)
	case "text_input", "payload":
		text := message{hash: hashStart, tokens: messageTokens}
		m.env.feed(s, &text)
		r.messages = append(r.messages, text)
	case "messages":
		r.whole = true
		s.Array(func() { r.messages = append(r.messages, m.env.message(s, nil)) })
	case "tools":
		tools := message{hash: hashStart}
		m.env.feed(s, &tools)
		r.messages = append([]message{tools}, r.messages...)
	case "message_mode":
		r.delta = string(s.Bytes()) == "delta"
	default:
		m.env.unknown(s, key, mooncakeKnown)
	}
}

// place puts a row at the end of its session.
func (m *mooncake) place(r *mooncakeRow) {
	session := m.sessions[r.Session]
	if session == nil || r.Session == "" {
		session = &mooncakeSession{prompt: newPrompt()}
		if r.Session != "" {
			m.sessions[r.Session] = session
		}
	}
	r.Turn = session.turns
	if session.turns > 0 {
		r.Kind = trace.Tool
	}
	switch {
	case len(r.messages) > 0:
		m.placeText(session, r)
	case session.turns > 0:
		r.Input += session.input + session.output
		r.Prefix = session.input
	default:
		r.Prefix = min(r.hits*mooncakeBlock, r.Input)
	}
	session.turns++
	session.input, session.output = r.Input, r.Output
}

func (m *mooncake) placeText(session *mooncakeSession, r *mooncakeRow) {
	p := newPrompt()
	if session.turns > 0 && (r.delta || !r.whole) {
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
