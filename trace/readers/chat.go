package readers

import (
	"fmt"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// chat reads recorded conversations: ShareGPT ({id, conversations: [{from,
// value}]}), WildChat ({conversation_hash, model, timestamp, conversation:
// [{role, content}]}) and vLLM's multi-turn benchmark ({id, messages: [{role,
// content}]}). Each answer is a call whose prompt is all that stands before
// it. There is no time but WildChat's of the conversation.
type chat struct {
	oneByOne
	env     *env
	prompts prompts
	count   int
}

func newChat(e *env) jsonFormat { return &chat{env: e} }

const chatKnown = "turn language toxic redacted openai_moderation detoxify_moderation system tools source"

func (c *chat) record(s *jsonscan.Scanner, q *queue) {
	c.count++
	session, model, start := fmt.Sprintf("#%d", c.count), "", trace.Unknown
	var calls []trace.Call
	s.Object(func(key []byte) {
		switch string(key) {
		case "id", "conversation_hash":
			if s.Is('"') {
				session = s.String()
			} else {
				session = fmt.Sprintf("%d", s.Int())
			}
		case "model":
			model = c.env.names.of(s.Bytes())
		case "timestamp":
			start = instant(s, "timestamp", 1)
		case "conversations", "conversation", "messages":
			calls = c.conversation(s)
		default:
			c.env.unknown(s, key, chatKnown)
		}
	})
	if len(calls) == 0 && s.Err() == nil {
		c.env.note("conversations without an answer left out")
	}
	for i, call := range calls {
		call.Session, call.Model = session, model
		if start < 0 {
			q.push(call)
			continue
		}
		e := newEntry()
		e.Call, e.told = call, true
		if i == 0 {
			e.Start = start
		}
		c.env.record(e)
	}
}

func (c *chat) conversation(s *jsonscan.Scanner) []trace.Call {
	var calls []trace.Call
	at := newConversation(&c.prompts)
	s.Array(func() {
		m := c.env.message(s, nil)
		if call, ok := at.add(m); ok {
			calls = append(calls, call)
		}
	})
	return calls
}
