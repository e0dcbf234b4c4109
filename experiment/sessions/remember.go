package sessions

import (
	"sync"
	"sync/atomic"

	"agentsim/serve"
	"agentsim/trace"
)

// Remember returns the same sessions, of which those that were drawn are kept, so
// that the phases of a search draw them once: agent 17 has the same sessions in
// all of them. Sessions of a trace are kept already. It serves many simulations at
// once.
func Remember(s serve.Sessions) serve.Sessions {
	if source, ok := s.(*Source); ok {
		s = source.Sessions
	}
	if d, ok := s.(*drawn); ok {
		return &remembered{source: d}
	}
	return s
}

// turnsKept bounds what is kept: 24 bytes a turn make 72 MB. Sessions beyond it
// are drawn whenever they are asked for.
const turnsKept = 3_000_000

// remembered are sessions of which the first are kept.
type remembered struct {
	source *drawn
	turns  atomic.Int64
	shards [64]shard // so that simulations hardly ever wait for each other
}

type shard struct {
	mu   sync.RWMutex
	kept map[which]*trace.Session
}

// which is the number of a session.
type which struct{ agent, k int }

// Session returns the k-th session of an agent.
func (r *remembered) Session(agent, k int, out *trace.Session) error {
	at := &r.shards[uint(agent)%uint(len(r.shards))]
	at.mu.RLock()
	known := at.kept[which{agent, k}]
	at.mu.RUnlock()
	if known != nil {
		turns := append(out.Turns[:0], known.Turns...)
		*out = *known
		out.Turns = turns
		return nil
	}
	if err := r.source.Session(agent, k, out); err != nil {
		return err
	}
	if n := int64(len(out.Turns)); r.turns.Add(n) > turnsKept {
		r.turns.Add(-n)
		return nil
	}
	own := *out
	own.Turns = append(make([]trace.Turn, 0, len(out.Turns)), out.Turns...)
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.kept == nil {
		at.kept = map[which]*trace.Session{}
	}
	at.kept[which{agent, k}] = &own
	return nil
}
