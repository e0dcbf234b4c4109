package serve

import (
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/kvcache"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/units"
)

// The deployment modes.
const (
	Aggregated    = "aggregated"
	Disaggregated = "disaggregated"
	Auto          = "auto" // the best on a number of accelerators; resolved before anything runs
)

// The pools of a disaggregated deployment. An aggregated one has a single pool,
// which has the name of the mode.
const (
	PrefillPool = "prefill"
	DecodePool  = "decode"
)

// The routers.
const (
	ConversationAffinity = "conversation-affinity" // a session stays with the rank of its first turn
	LeastLoaded          = "least-loaded"          // every call goes where the fewest prompt tokens wait
	PowerOfTwo           = "power-of-two"          // to the less loaded of two ranks drawn at random
	KVAware              = "kv-aware"              // where queued and uncached tokens together are fewest
	RoundRobin           = "round-robin"           // one worker after the other
)

// The orders in which waiting prompts are taken up.
const (
	FCFS          = "fcfs"           // first come, first served
	ShortestFirst = "shortest-first" // the prompt with the fewest tokens to compute
)

// The orders, besides FCFS, in which a decode worker gives out its slots.
const (
	// FirstToken gives a call that has no token yet a slot at once, for one
	// step, in place of the call that came last. After that step the slots
	// belong to those that came first.
	FirstToken = "first-token"
)

// How prefill and decode share the steps of an aggregated worker.
const (
	Mixed           = "mixed"            // chunks ride along with the decode batch
	PrefillPriority = "prefill-priority" // decode stalls while prompts wait
)

// DeploymentSpec says which workers there are and how calls reach them.
type DeploymentSpec struct {
	Mode         string         `yaml:"mode"`                   // aggregated | disaggregated | auto
	Budget       int            `yaml:"accelerators,omitempty"` // number that mode auto may use
	Units        int            `yaml:"units,omitempty"`        // equal copies of the pools, each inside a domain; 0 = 1
	Aggregated   *PoolSpec      `yaml:"aggregated,omitempty"`
	Prefill      *PoolSpec      `yaml:"prefill,omitempty"`
	Decode       *PoolSpec      `yaml:"decode,omitempty"`
	Precision    step.Precision `yaml:"precision"`
	ExpertsPath  string         `yaml:"experts_path,omitempty"` // kernel path of the experts; empty = the engine's
	Router       string         `yaml:"router"`
	Batching     string         `yaml:"batching,omitempty"`      // mixed (default) | prefill-priority
	PrefillOrder string         `yaml:"prefill_order,omitempty"` // fcfs (default) | shortest-first
	DecodeOrder  string         `yaml:"decode_order,omitempty"`  // fcfs (default) | first-token; of decode workers
	Spill        int            `yaml:"spill,omitempty"`         // tokens queued at home that move a session; 0 = never
	Hold         HoldSpec       `yaml:"hold,omitempty"`
	Experts      ExpertsSpec    `yaml:"experts,omitempty"`
	Cache        CacheSpec      `yaml:"cache,omitempty"`
}

// PoolSpec is a number of equal workers.
type PoolSpec struct {
	Workers     int `yaml:"workers"`
	step.Shape  `yaml:",inline"`
	ExpertsPath string `yaml:"experts_path,omitempty"` // where it differs from the deployment's
	// Draft is the speculation of a pool that decodes; nil = draft_tokens of
	// them, from the model's own layer.
	Draft *step.DraftSpec `yaml:"draft,omitempty"`
	// System is that of the pool's workers, a preset or a file; empty = the
	// scenario's. Caches between pools of different systems cross the network.
	System string `yaml:"system,omitempty"`
	// Cap holds each accelerator of the pool to so many watts, as driver settings
	// of its nodes do; 0 = what the site leaves it (power).
	Cap units.Watts `yaml:"accelerator_cap,omitempty"`

	// Machine and Kernels are the system that System names and the engine's kernels
	// on it; nil = the scenario's.
	Machine *hardware.System    `yaml:"-"`
	Kernels *hardware.KernelSet `yaml:"-"`
}

// On is the system that the pool's workers run on, in a scenario of such a system.
func (p *PoolSpec) On(system *hardware.System) *hardware.System {
	if p.Machine != nil {
		return p.Machine
	}
	return system
}

// Elsewhere reports whether a pool runs on another system than the scenario's.
func (d *DeploymentSpec) Elsewhere() bool {
	return slices.ContainsFunc(d.Pools(), func(p NamedPool) bool { return p.Spec.Machine != nil })
}

// ExpertsSpec is how tokens spread over experts and experts over ranks.
type ExpertsSpec struct {
	Popularity moe.Popularity `yaml:"popularity,omitempty"`
	Placement  moe.Placement  `yaml:"placement,omitempty"`
}

// validate checks the kinds that are named; a model without experts needs none.
func (x *ExpertsSpec) validate() error {
	if x.Popularity.Kind != "" {
		if err := x.Popularity.Known(); err != nil {
			return fault.In("experts", err)
		}
	}
	if x.Placement.Kind != "" {
		return fault.In("experts", x.Placement.Known())
	}
	return nil
}

// CacheSpec is the policy of the prefix cache.
type CacheSpec struct {
	Off           bool                 `yaml:"off,omitempty"`            // every prompt is computed whole
	DecodeRetains bool                 `yaml:"decode_retains,omitempty"` // decode workers keep caches between turns
	ReserveTokens int                  `yaml:"reserve_tokens,omitempty"` // room kept for the output at admission; 0 = 1024
	Tiers         []kvcache.TierSpec   `yaml:"tiers,omitempty"`
	Eviction      kvcache.EvictionSpec `yaml:"eviction,omitempty"`
	Write         kvcache.WritePolicy  `yaml:"write,omitempty"`

	// RealisedHit is the share of every prompt that is found, where it was
	// measured: it takes the place of what the cache would find. 0 = it does not.
	RealisedHit float64 `yaml:"realised_hit,omitempty"`
}

// Reserve is the room for the answer, in tokens, that an engine sets aside at
// admission. It may not depend on the true length, which no scheduler knows.
func (c *CacheSpec) Reserve() int {
	const tokens = 1024 // a typical new-token estimate of a scheduler; the context is what fills memory
	if c.ReserveTokens > 0 {
		return c.ReserveTokens
	}
	return tokens
}

// HoldSpec is how long an aggregated worker that has sequences to decode
// leaves new prompts waiting, so that more of them share a step. Without
// sequences it begins at once.
type HoldSpec struct {
	// Poll looks at the queue once in so many decode steps; 0 or 1 = at every
	// one (SGLang's scheduler_recv_interval).
	Poll int `yaml:"poll,omitempty"`
	// Balance waits until every attention rank has a prompt, but for no more
	// than so many decode steps; 0 = not at all (TensorRT-LLM's
	// attention_dp_config: enable_balance with timeout_iters).
	Balance int `yaml:"balance,omitempty"`
}

func (h HoldSpec) validate() error {
	switch {
	case h.Poll < 0:
		return fault.New("hold.poll", "%d: want 0 (every step) or more decode steps", h.Poll)
	case h.Balance < 0:
		return fault.New("hold.balance", "%d: want 0 (never) or more decode steps", h.Balance)
	}
	return nil
}

// Validate reports the first rule that the deployment breaks, by field.
func (d *DeploymentSpec) Validate() error {
	switch d.Mode {
	case Aggregated:
		if d.Aggregated == nil {
			return fault.New(Aggregated, "mode aggregated needs a pool of this name")
		}
	case Disaggregated:
		if d.Prefill == nil || d.Decode == nil {
			return fault.New(PrefillPool, "mode disaggregated needs the pools prefill and decode")
		}
	case Auto:
		if d.Budget < 1 {
			return fault.New("accelerators", "mode auto needs the number of accelerators it may use")
		}
		return d.validatePolicies()
	default:
		return fault.New("mode", "%q: want %s, %s or %s", d.Mode, Aggregated, Disaggregated, Auto)
	}
	for _, p := range d.Pools() {
		if err := p.Spec.validate(p.Name); err != nil {
			return err
		}
	}
	return d.validatePolicies()
}

func (d *DeploymentSpec) validatePolicies() error {
	most := workersMost
	for _, p := range []*PoolSpec{d.Prefill, d.Decode, d.Aggregated} {
		if p != nil {
			most = min(most, workersMost/max(1, p.Workers))
		}
	}
	if d.Units < 0 || d.Units > most {
		return fault.New("units", "%d: want 1 to %d, with which a pool has %d workers: each is simulated",
			d.Units, most, workersMost)
	}
	if !slices.Contains(routerNames(), d.Router) {
		return fault.New("router", "%q: want one of %s", d.Router, strings.Join(routerNames(), ", "))
	}
	switch d.PrefillOrder {
	case "", FCFS, ShortestFirst:
	default:
		return fault.New("prefill_order", "%q: want %s or %s", d.PrefillOrder, FCFS, ShortestFirst)
	}
	switch d.DecodeOrder {
	case "", FCFS:
	case FirstToken:
		if d.Mode == Aggregated {
			return fault.New("decode_order", "first-token is of decode workers: an aggregated one computes first tokens itself")
		}
	default:
		return fault.New("decode_order", "%q: want %s or %s", d.DecodeOrder, FCFS, FirstToken)
	}
	if d.Spill < 0 {
		return fault.New("spill", "%d: want 0 (never) or more tokens", d.Spill)
	}
	switch d.Batching {
	case "", Mixed, PrefillPriority:
	default:
		return fault.New("batching", "%q: want %s or %s", d.Batching, Mixed, PrefillPriority)
	}
	if err := d.Hold.validate(); err != nil {
		return err
	}
	if err := d.Experts.validate(); err != nil {
		return err
	}
	return d.Cache.validate()
}

// validate checks the policies of the cache. Its sizes follow from the model, so
// that any do here.
func (c *CacheSpec) validate() error {
	if c.ReserveTokens < 0 {
		return fault.New("cache.reserve_tokens", "%d: want 0 (= 1024) or more tokens", c.ReserveTokens)
	}
	if !(c.RealisedHit >= 0 && c.RealisedHit <= 1) {
		return fault.New("cache.realised_hit", "%v: want a share of the prompt from 0 to 1", c.RealisedHit)
	}
	if c.Eviction.Policy == "keep-turns" {
		return fault.New("cache.eviction.policy", "keep-turns: want lru, ttl or cost; turns are kept by engine.cache.policy")
	}
	return fault.In("cache", kvcache.Spec{Tiers: c.Tiers, Eviction: c.Eviction, Write: c.Write}.Validate())
}

// workersMost bounds the workers of a pool, those of all units together.
const workersMost = 200_000

func (p *PoolSpec) validate(name string) error {
	if p.Workers < 1 || p.Workers > workersMost {
		return fault.New(name+".workers", "%d: want 1 to %d, more than any site has: each is simulated",
			p.Workers, workersMost)
	}
	if err := p.Shape.Normalised().Validate(); err != nil {
		return fault.In(name, err)
	}
	if p.Draft != nil {
		if p.DraftTokens > 0 && p.DraftTokens != p.Draft.Depth {
			return fault.New(name+".draft_tokens", "%d, but draft.depth is %d: set one of them", p.DraftTokens, p.Draft.Depth)
		}
		if err := p.Draft.Validate(); err != nil {
			return fault.In(name+".draft", err)
		}
	}
	return nil
}

// Limited reports a pool without the limits that neither the deployment nor the
// engine's schedule sets.
func (d *DeploymentSpec) Limited() error {
	for _, p := range d.Pools() {
		if p.Name != DecodePool && p.Spec.TokenBudget < 1 {
			return fault.New(p.Name+".token_budget", "want the tokens a rank may prefill in one step, e.g. 8192")
		}
		if p.Name != PrefillPool && p.Spec.MaxBatchPerRank < 1 {
			return fault.New(p.Name+".max_batch_per_rank", "want the sequences a rank may decode at once, e.g. 128")
		}
	}
	return nil
}

// NamedPool is a pool with the name it has in a scenario.
type NamedPool struct {
	Name    string
	Spec    *PoolSpec
	Workers int // over all units
}

// Prefills reports whether the pool takes new calls and computes their prompts.
func (p NamedPool) Prefills() bool { return p.Name != DecodePool }

// Decodes reports whether the pool generates tokens.
func (p NamedPool) Decodes() bool { return p.Name != PrefillPool }

// Pools lists the pools that the mode uses, the one that takes new calls first.
func (d *DeploymentSpec) Pools() []NamedPool {
	if d.Mode == Auto {
		return nil
	}
	pools := []NamedPool{{Name: PrefillPool, Spec: d.Prefill}, {Name: DecodePool, Spec: d.Decode}}
	if d.Mode == Aggregated {
		pools = []NamedPool{{Name: Aggregated, Spec: d.Aggregated}}
	}
	for i := range pools {
		if pools[i].Spec != nil {
			pools[i].Workers = pools[i].Spec.Workers * max(1, d.Units)
		}
	}
	return pools
}

// ExpertsPathOf is the kernel path of the experts that the deployment sets for
// a pool; empty leaves the choice to the engine.
func (d *DeploymentSpec) ExpertsPathOf(p *PoolSpec) string {
	if p.ExpertsPath != "" {
		return p.ExpertsPath
	}
	return d.ExpertsPath
}

// UnitAccelerators is the number of accelerators of one unit.
func (d *DeploymentSpec) UnitAccelerators() int { return d.Accelerators() / max(1, d.Units) }

// Accelerators is the number of accelerators of the whole deployment.
func (d *DeploymentSpec) Accelerators() int {
	if d.Mode == Auto {
		return d.Budget
	}
	n := 0
	for _, p := range d.Pools() {
		if p.Spec != nil { // as in a scenario that is not complete yet
			n += p.Workers * p.Spec.Shape.Accelerators
		}
	}
	return n
}
