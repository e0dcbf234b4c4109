package readers

import (
	"strconv"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// bailianBlock is the block size of the published traces, in tokens
// (alibaba-edu/qwen-bailian-usagetraces-anon).
const bailianBlock = 16

// bailian reads Qwen's Bailian traces: JSON Lines with global block ids, start
// times in seconds, and sessions as chains of parent_chat_id.
type bailian struct {
	oneByOne
	env      *env
	seen     idSet
	roots    map[int64]int64 // first chat of the session that a chat belongs to
	sessions map[int64]*progress
	rows     uint32 // that became calls
}

func newBailian(e *env) jsonFormat {
	return &bailian{env: e, roots: map[int64]int64{}, sessions: map[int64]*progress{}}
}

func (b *bailian) record(s *jsonscan.Scanner, q *queue) {
	c := unknownTimes()
	c.Kind = trace.User
	var chat, parent int64 = -1, -1
	hits, blocks := 0, 0
	s.Object(func(key []byte) {
		switch string(key) {
		case "chat_id":
			chat = s.Int()
		case "parent_chat_id":
			parent = s.Int()
		case "timestamp":
			c.Start = seconds(s, "timestamp", 1)
		case "input_length":
			c.Input = s.Count("input_length")
		case "output_length":
			c.Output = s.Count("output_length")
		case "hash_ids":
			hits, blocks, c.Holder = b.seen.leadingOf(s, b.rows+1)
		default:
			b.env.unknown(s, key, "type turn")
		}
	})
	switch {
	case s.Err() != nil:
		return
	case chat < 0:
		s.Fail("chat_id: missing; want a number of 0 or more")
		return
	case chat == parent:
		s.Fail("parent_chat_id: %d is the chat itself; want another chat or -1", parent)
		return
	case blocks < c.Input/bailianBlock || blocks > (c.Input+bailianBlock-1)/bailianBlock:
		b.env.note("hash_ids that do not fill the prompt in blocks of 16") // the leading ones still tell what is shared
	}
	c.Prefix = min(hits*bailianBlock, c.Input)
	b.place(&c, chat, parent)
	b.rows++
	q.push(c)
}

// place finds the session. A chat whose parent is not in the trace begins one.
func (b *bailian) place(c *trace.Call, chat, parent int64) {
	root, ok := b.roots[parent]
	if !ok {
		root = chat
	}
	b.roots[chat] = root
	if b.sessions[root] == nil {
		b.sessions[root] = &progress{end: trace.Unknown}
	}
	c.Session = strconv.FormatInt(root, 10)
	b.sessions[root].place(c)
}
