package readers

import (
	"fmt"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// aaRWLT reads AA-RWLT files: JSON Lines with the whole history of each call
// as text and no times. What a call generated is the answer that the next
// row's history holds; that of a conversation's last call is unknown and
// given as 0.
type aaRWLT struct {
	env           *env
	prompts       prompts
	path          string
	conversations map[string]*rwltConversation
	order         []string
}

type rwltConversation struct {
	progress
	rows     sequence[rwltRow]
	messages int        // of the last history
	held     trace.Call // waits for its output
	holds    bool
}

// rwltRow is the prompt of a call.
type rwltRow struct {
	tools    message
	messages []message
	path     string
	line     int
}

func newAARWLT(e *env) jsonFormat {
	return &aaRWLT{env: e, conversations: map[string]*rwltConversation{}}
}

func (a *aaRWLT) begin(path string)   { a.path = path }
func (a *aaRWLT) finish(*queue) error { return nil }

func (a *aaRWLT) record(s *jsonscan.Scanner, q *queue) {
	id, index := "", -1
	var messages []message
	tools := message{hash: hashStart}
	s.Object(func(key []byte) {
		switch string(key) {
		case "conversation_id":
			id = s.String()
		case "conversation_idx":
			index = int(s.Int())
		case "messages":
			array(s, func() { messages = append(messages, a.env.message(s, nil)) })
		case "tools":
			a.env.feed(s, &tools)
		default:
			a.env.unknown(s, key, "model")
		}
	})
	if s.Err() != nil {
		return
	}
	if id == "" || len(messages) == 0 {
		s.Fail("conversation_id or messages: missing; want both")
		return
	}
	at := a.conversations[id]
	if at == nil {
		at = &rwltConversation{progress: progress{end: trace.Unknown}}
		a.conversations[id] = at
		a.order = append(a.order, id)
	}
	if index < 0 {
		s.Fail("conversation_idx: %d; want 0 or more", index)
		return
	}
	if !at.rows.add(index, rwltRow{tools, messages, a.path, s.Line()}, a.take(at, id, q)) {
		a.env.note(copies)
	}
}

// take returns what places the next row of a conversation.
func (a *aaRWLT) take(at *rwltConversation, id string, q *queue) func(rwltRow) {
	return func(r rwltRow) {
		a.answer(at, r.messages, q)
		a.hold(at, id, append([]message{r.tools}, r.messages...))
		at.messages = len(r.messages)
	}
}

// answer completes the call held back by the answer that this history adds.
func (a *aaRWLT) answer(at *rwltConversation, messages []message, q *queue) {
	if !at.holds {
		return
	}
	for i := at.messages; i < len(messages) && messages[i].role == roleAssistant; i++ {
		at.held.Output += max(messages[i].tokens-messageTokens, 0)
	}
	q.push(at.held)
}

func (a *aaRWLT) hold(at *rwltConversation, id string, messages []message) {
	p := newPrompt()
	for _, m := range messages {
		a.prompts.add(&p, m)
	}
	c := unknownTimes()
	c.Session, c.Input, c.Prefix, c.Kind = id, p.tokens, p.cached, trace.User
	if messages[len(messages)-1].tool {
		c.Kind = trace.Tool
	}
	at.place(&c)
	at.held, at.holds = c, true
}

// drain hands out the last call of each conversation.
func (a *aaRWLT) drain(q *queue) (bool, error) {
	for _, id := range a.order {
		at := a.conversations[id]
		if i, row, missing := at.rows.missing(); missing && a.env.skipBad == 0 {
			return false, fmt.Errorf("%s:%d: conversation_idx: %d; want %d, the next of conversation %s",
				row.path, row.line, i, at.rows.next, id)
		} else if missing {
			a.env.note("conversations with turns that are missing")
			at.rows.close(a.take(at, id, q))
		}
		if at.holds {
			q.push(at.held)
			at.holds = false
		}
	}
	return true, nil
}
