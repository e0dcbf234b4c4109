package readers

import (
	"cmp"
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
	env      *env
	out      *queue
	seen     idSet
	lists    idLists
	roots    map[int64]int64 // first chat of the session that a chat belongs to
	sessions map[int64]*progress
	rows     uint32 // that became calls
	window   window[bailianRow]
}

type bailianRow struct {
	trace.Call
	chat, parent int64
	ids          []uint64
}

func newBailian(e *env) jsonFormat {
	b := &bailian{env: e, roots: map[int64]int64{}, sessions: map[int64]*progress{}}
	b.window = window[bailianRow]{
		env:   e,
		take:  b.place,
		order: func(x, y *bailianRow) int { return cmp.Compare(x.chat, y.chat) },
	}
	return b
}

func (b *bailian) begin(string)        {}
func (b *bailian) finish(*queue) error { return nil }

func (b *bailian) record(s *jsonscan.Scanner, q *queue) {
	r := bailianRow{Call: unknownTimes(), chat: -1, parent: -1}
	r.Kind = trace.User
	s.Object(func(key []byte) {
		switch string(key) {
		case "chat_id":
			r.chat = s.Int()
		case "parent_chat_id":
			if !s.Null() {
				r.parent = s.Int()
			}
		case "timestamp":
			r.Start = seconds(s, "timestamp", 1)
		case "input_length":
			r.Input = s.Count("input_length")
		case "output_length":
			r.Output = s.Count("output_length")
		case "hash_ids":
			r.ids = b.lists.read(s)
		default:
			b.env.unknown(s, key, "type turn")
		}
	})
	switch {
	case s.Err() != nil:
		return
	case r.chat < 0:
		s.Fail("chat_id: missing; want a number of 0 or more")
		return
	case r.chat == r.parent:
		s.Fail("parent_chat_id: %d is the chat itself; want another chat or -1", r.parent)
		return
	case !b.env.usable(&r.Call):
		return
	case len(r.ids) > 0 && !fits(r.Input, len(r.ids), b.block()):
		b.env.note("hash_ids that do not fill the prompt in blocks of 16") // the leading ones still tell what is shared
	}
	b.out = q
	b.window.add(r, r.Start, len(r.ids))
}

// block returns the tokens of a block.
func (b *bailian) block() int { return cmp.Or(b.env.block, bailianBlock) }

// drain hands out the rows that the window holds.
func (b *bailian) drain(q *queue) (bool, error) {
	b.out = q
	b.window.drain()
	return true, nil
}

// place finds the session. A chat whose parent is not in the trace begins one.
func (b *bailian) place(r *bailianRow) {
	if _, twice := b.roots[r.chat]; twice {
		b.env.note(copies)
		return
	}
	root, ok := b.roots[r.parent]
	if !ok {
		root = r.chat
	}
	b.roots[r.chat] = root
	if b.sessions[root] == nil {
		b.sessions[root] = &progress{end: trace.Unknown}
	}
	b.rows++
	hits, holder := b.seen.leadingOf(r.ids, b.rows)
	b.lists.done(r.ids)
	r.Prefix, r.Holder = min(hits*b.block(), r.Input), holder
	r.Session = strconv.FormatInt(root, 10)
	b.sessions[root].place(&r.Call)
	b.out.push(r.Call)
}
