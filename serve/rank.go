package serve

import (
	"fmt"
	"slices"

	"agentsim/models/kvcache"
	"agentsim/models/kvcache/prefix"
)

// rank is one attention rank of a worker. It owns its calls and their cache.
type rank struct {
	cache *prefix.Cache
	knows bool      // its cache is told what is of no use any more
	tiers tierWires // from the tiers below HBM
	out   int32     // wire to the decode pool

	queue      fifo    // calls that wait to be admitted, in order of arrival
	prefilling []int32 // calls whose prompt is being computed, in order of admission
	queued     int     // prompt tokens still to be computed, of all calls here
	homes      int     // sessions that live here
	chairs     [orders]chair

	running   int     // calls with a place: prompt under way, decoding or parked
	sequences int     // calls with a decode slot
	parked    []int32 // calls with a place but without a slot, by arrival
	newcomers int     // calls that came to the batch at this step boundary
	context   float64 // tokens in the caches of the calls with a slot
}

// tierWires are the wires of a rank's tiers below HBM, by level.
type tierWires [kvcache.Levels]int32

// enqueue puts a call of so many prompt tokens at the end of the queue.
func (r *rank) enqueue(id int32, tokens int) {
	r.queue.push(id)
	r.wait(tokens)
}

// enqueueFirst puts a call before all others.
func (r *rank) enqueueFirst(id int32, tokens int) {
	r.queue.pushFront(id)
	r.wait(tokens)
}

// wait adds so many prompt tokens to those still to be computed.
func (r *rank) wait(tokens int) {
	r.queued += tokens
	r.moved(byHomes)
	r.moved(byQueue)
}

// house adds so many sessions to those that live here.
func (r *rank) house(sessions int) {
	r.homes += sessions
	r.moved(byHomes)
}

// run adds so many calls to those with a place.
func (r *rank) run(calls int) {
	r.running += calls
	r.moved(byQueue)
}

// endPrefill takes a call whose prompt is computed out of those under way.
func (r *rank) endPrefill(id int32) {
	r.prefilling = slices.DeleteFunc(r.prefilling, func(other int32) bool { return other == id })
}

// add gives a decode slot to a call with so many tokens of context.
func (r *rank) add(context int) {
	r.sequences++
	r.context += float64(context)
}

// remove takes a decode slot back from a call that has grown to so many tokens.
func (r *rank) remove(context float64) {
	r.context -= context
	if r.sequences--; r.sequences == 0 {
		r.context = 0 // rounding must not add up
	}
}

// unpark takes a call out of those that wait for their slot to come back.
func (r *rank) unpark(at int) int32 {
	id := r.parked[at]
	r.parked = slices.Delete(r.parked, at, at+1)
	return id
}

// check verifies what holds of a rank at every instant.
func (r *rank) check() error {
	if r.running < r.sequences || r.sequences < 0 || r.context < 0 {
		return fmt.Errorf("%d running, %d decoding, context %g", r.running, r.sequences, r.context)
	}
	return r.checkCache()
}
