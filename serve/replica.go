package serve

import (
	"fmt"

	"agentsim/models/kvcache"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/step"
)

// replica is what does not change of a worker, and its ranks.
type replica struct {
	*flight
	network *network
	up      supervisor

	id       int
	pool     string
	unit     int
	broken   int  // failures that keep it out of service
	accepts  bool // calls may be sent to it
	prefills bool // takes prompts
	decodes  bool
	model    *step.Model
	price    pricer // the pool's prices, but for tests
	prices   *step.Prices
	shape    step.Shape
	growth   float64            // tokens that a sequence gains per virtual step, on average
	step     int64              // virtual steps of a step at the deepest drafts: 1, unless the depth follows the batch
	static   float64            // watts of its accelerators without work
	cache    prefix.Spec        // of each rank
	tiers    []kvcache.TierSpec // below HBM

	prefillSeconds float64 // of prefill per prompt token, in full steps

	ranks []rank
}

// supervisor is whom a worker tells what has become of a call.
type supervisor interface {
	// prefilled takes a call whose prompt a prefill worker has computed.
	prefilled(id int32) error
	// preempted takes a call that lost its place and has to be computed again.
	preempted(id int32) error
	// finished takes a call whose last token is out.
	finished(id int32) error
}

// pricer says what a step of a worker costs, given the loads of its ranks.
type pricer interface {
	Step(ranks []step.Rank) step.Cost
}

// fineSteps are the virtual steps of a step where some drafts are shallower and
// get a call on by less.
const fineSteps = 1 << 10

// newReplica builds ranks with empty caches.
func newReplica(p NamedPool, prices *step.Prices, cache prefix.Spec, contents *prefix.Contents) (replica, error) {
	m := prices.Model()
	shape := m.Config().Shape
	r := replica{
		pool:     p.Name,
		prefills: p.Prefills(),
		decodes:  p.Decodes(),
		model:    m,
		price:    prices,
		prices:   prices,
		shape:    shape,
		growth:   m.TokensPerStep(),
		step:     1,
		static:   float64(m.Config().System.Accelerator.Power.Static()) * float64(shape.Accelerators),
		cache:    cache,
		tiers:    cache.Tiers,
		ranks:    make([]rank, shape.Ranks()),
	}
	if m.Varies() {
		r.step = fineSteps
		r.growth /= fineSteps
	}
	for i := range r.ranks {
		if err := r.ranks[i].build(cache, contents); err != nil {
			return r, err
		}
	}
	return r, nil
}

// cacheRequest is what a call asks of the cache of this worker.
func (r *replica) cacheRequest(id int32) prefix.Request {
	c := &r.calls[id]
	q := prefix.Request{Session: prefix.SessionID(id), Prompt: c.prompt(), Class: c.class}
	if r.decodes {
		q.Reserve = r.policy.reserve
	}
	return q
}

// refuse is the error of a call that the worker could not even serve alone: it
// would wait for ever.
func (r *replica) refuse(id int32) error {
	q := r.cacheRequest(id)
	if r.ranks[0].couldHold(q.Prompt + q.Reserve) {
		return nil
	}
	return r.tooLarge(fmt.Sprintf("a prompt of %d tokens with %d to generate", q.Prompt, q.Reserve),
		": lower workload.context_limit, or give the worker more accelerators")
}

// tooLarge is the error of a call that no rank of the worker can hold.
func (r *replica) tooLarge(what, advice string) error {
	beside := ""
	if !r.ranks[0].knows {
		beside = ", beside the windows and states that it holds while it runs"
	}
	return &ErrMemory{Pool: r.pool, Reason: fmt.Sprintf("%s does not fit in a cache of %d tokens%s%s",
		what, r.ranks[0].capacityTokens(), beside, advice)}
}
