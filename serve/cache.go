package serve

import "agentsim/models/kvcache"

// What a rank asks of its prefix cache. Nobody else touches the cache of a
// rank, so that another kind of cache has this one file to fit.

// lookup is what an admission would find now. It changes nothing.
func (r *rank) lookup(q kvcache.Request) kvcache.Hit { return r.cache.Lookup(q) }

// admit takes memory for a call's prompt and reserve. Not ok means that it does
// not fit beside the calls that run.
func (r *rank) admit(now float64, q kvcache.Request) (hit kvcache.Hit, ok bool) {
	return r.cache.Admit(now, q)
}

// couldHold reports whether an empty cache has room for so many tokens.
func (r *rank) couldHold(tokens int) bool { return r.cache.Fits(tokens) }

// extend raises the room of a running call to so many tokens, if there is memory.
func (r *rank) extend(now float64, id int32, tokens int) bool {
	return r.cache.Grow(now, kvcache.SessionID(id), tokens)
}

// keep ends a call; so many leading tokens stay for the next turn.
func (r *rank) keep(now float64, id int32, tokens int) {
	r.cache.Release(now, kvcache.SessionID(id), tokens)
}

// discard ends a call whose cache is of no further use here.
func (r *rank) discard(now float64, id int32) { r.cache.Retract(now, kvcache.SessionID(id)) }

// drop forgets all that is kept of a session.
func (r *rank) drop(id int32) { r.cache.Drop(kvcache.SessionID(id)) }

// install keeps a session as if it had just ended a turn.
func (r *rank) install(id int32, tokens, shared int) {
	r.cache.Install(0, kvcache.Request{Session: kvcache.SessionID(id), Prompt: tokens, Shared: shared})
}
