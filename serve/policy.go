package serve

import (
	"agentsim/models/step"
	"agentsim/trace"
)

// policy is what the deployment decides about scheduling and caching, in the
// form in which workers and routers ask for it.
type policy struct {
	mixed           bool // decode tokens ride along with prompt chunks
	shortestFirst   bool // the queued prompt with the fewest tokens to compute goes first
	firstTokenFirst bool // a call without a token gets a decode slot for one step at once
	singleSteps     bool // every decode step is an event of its own
	affine          bool // all calls of a session go to the same rank
	spill           int  // tokens queued at its home that move a session; 0 = never
	queues          bool // calls go where the least waits
	poll            int  // decode steps between looks at the queue
	chunk           int  // most tokens of a prompt in a step; 0 = the budget
	interval        step.Interval
	gather          step.Gathering
	firstToken      string // who gives it; see step.HandoverSet
	handoverPoll    int    // steps between a decode worker's looks at arrived calls

	cacheOff      bool
	decodeRetains bool // decode workers keep caches between turns
	generated     bool // the next prompt repeats what was generated
	reserve       int  // tokens of room set aside for the answer at admission
	blockTokens   int
	minOutput     int // tokens below which an answer has no output speed
}

func newPolicy(cfg *Config) policy {
	d, s := &cfg.Deployment, &cfg.Engine.Schedule
	return policy{
		mixed:           d.Batching != PrefillPriority,
		shortestFirst:   d.PrefillOrder == ShortestFirst,
		firstTokenFirst: d.DecodeOrder == FirstToken,
		singleSteps:     cfg.naive,
		affine:          d.Router == ConversationAffinity,
		spill:           d.Spill,
		queues:          d.Router == LeastLoaded || d.Router == KVAware || d.Spill > 0,
		poll:            d.Hold.Poll,
		chunk:           s.Chunk,
		interval:        s.Interval,
		gather:          d.gathering(s),
		firstToken:      s.Handover.FirstToken,
		handoverPoll:    s.Handover.Poll,
		cacheOff:        d.Cache.Off,
		decodeRetains:   d.Cache.DecodeRetains,
		generated:       cfg.Replay == trace.ReplayGenerated,
		reserve:         d.Cache.Reserve(),
		blockTokens:     cfg.Engine.Memory.BlockTokens,
		minOutput:       cfg.MinOutput,
	}
}
