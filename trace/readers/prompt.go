package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// messageTokens is what a chat template adds to each message: its delimiters
// and role (OpenAI cookbook, "How to count tokens with tiktoken": 3 and 1).
const messageTokens = 4

// message is what counts of a message of a conversation.
type message struct {
	role   role
	tokens int
	hash   uint64 // of role and text
	demo   bool   // an example shown to the model, not something it said
	tool   bool   // holds the result of a tool
}

type role uint8

const (
	roleUser role = iota // also system and developer
	roleAssistant
	roleTool
)

func roleOf(name []byte) role {
	switch string(name) {
	case "assistant", "gpt", "bot", "chatgpt", "model", "ai":
		return roleAssistant
	case "tool", "function", "observation":
		return roleTool
	}
	return roleUser
}

// message reads a message. Keys other than role and text go to other, which
// must consume the value; nil skips them.
func (e *env) message(s *jsonscan.Scanner, other func(key []byte)) message {
	m := message{tokens: messageTokens, hash: hashStart}
	s.Object(func(key []byte) {
		switch string(key) {
		case "role", "from":
			m.role = roleOf(s.Bytes())
			m.hash = hashByte(m.hash, byte(m.role))
		case "content", "value", "text", "texts", "tool_calls", "reasoning_content", "function_call":
			e.feed(s, &m)
		case "is_demo":
			m.demo = s.Bool()
		default:
			if other == nil {
				s.Skip()
			} else {
				other(key)
			}
		}
	})
	m.tool = m.tool || m.role == roleTool
	return m
}

// feed adds all text in a value to a message: a string, or nested parts.
func (e *env) feed(s *jsonscan.Scanner, m *message) {
	switch {
	case s.Is('"'):
		m.add(e, s.Bytes())
	case s.Is('['):
		s.Array(func() { e.feed(s, m) })
	case s.Is('{'):
		s.Object(func(key []byte) {
			switch string(key) {
			case "type":
				if s.Is('"') {
					m.tool = string(s.Bytes()) == "tool_result" || m.tool
				} else {
					e.feed(s, m) // of a tool's parameter schema
				}
			case "id", "tool_use_id", "tool_call_id", "signature", "cache_control", "image_url", "source":
				s.Skip()
			default:
				e.feed(s, m)
			}
		})
	default:
		s.Skip()
	}
}

func (m *message) add(e *env, text []byte) {
	m.tokens += e.count(text)
	m.hash = hashBytes(m.hash, text)
}

// prompts knows the beginnings of all prompts of a trace.
type prompts struct{ seen idSet }

// prompt grows message by message. A message is found in an infinite prefix
// cache if an earlier prompt began with the same messages.
type prompt struct {
	tokens, cached int
	chain          uint64
	missed         bool
}

func newPrompt() prompt { return prompt{chain: hashStart} }

// add puts a message at the end.
func (p *prompts) add(to *prompt, m message) {
	to.tokens += m.tokens
	to.chain = hashChain(to.chain, m.hash)
	if p.seen.add(to.chain) && !to.missed {
		to.cached = to.tokens
		return
	}
	to.missed = true
}

// conversation reads messages in order and turns each answer into a call.
type conversation struct {
	prompts *prompts
	prompt  prompt
	kind    trace.Kind
	turn    int
}

func newConversation(p *prompts) conversation { return conversation{prompts: p, prompt: newPrompt()} }

// add takes the next message. If a model wrote it, call is the call that it
// answers.
func (c *conversation) add(m message) (call trace.Call, ok bool) {
	if m.role == roleAssistant && !m.demo {
		call = unknownTimes()
		call.Turn, call.Kind = c.turn, c.kind
		call.Input, call.Prefix, call.Output = c.prompt.tokens, c.prompt.cached, max(m.tokens-messageTokens, 0)
		if c.turn == 0 {
			call.Kind = trace.First
		}
		c.turn++
		ok = true
		// All of the prompt is in a cache from now on.
		c.prompt.cached, c.prompt.missed = c.prompt.tokens, true
	}
	c.kind = trace.User
	if m.tool {
		c.kind = trace.Tool
	}
	c.extend(m)
	return call, ok
}

// extend puts a message at the end of the history.
func (c *conversation) extend(m message) {
	c.prompts.add(&c.prompt, m)
}

// The hash is FNV-1a (Fowler, Noll, Vo) with 64 bits.
const (
	hashStart uint64 = 14695981039346656037
	hashPrime uint64 = 1099511628211
)

func hashByte(h uint64, b byte) uint64 { return (h ^ uint64(b)) * hashPrime }

func hashBytes(h uint64, text []byte) uint64 {
	for _, b := range text {
		h = hashByte(h, b)
	}
	return h
}

// hashChain combines two hashes, in order; never 0.
func hashChain(h, next uint64) uint64 {
	for range 8 {
		h = hashByte(h, byte(next))
		next >>= 8
	}
	return h | 1
}
