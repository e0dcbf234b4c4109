package step

import (
	"fmt"

	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/units"
)

// Model prices the steps of one worker.
type Model struct {
	worker worker
	stack  stack

	byBatch []depthRange // sets the depth of drafts
	depths  []*Model     // the same worker at draft depths 0, 1, …; nil where the depth is fixed
}

// New builds the model of one worker. It reports shapes that the model or
// the kernels cannot serve; whether the worker fits in memory is Budget's
// question.
func New(cfg Config) (*Model, error) {
	cfg.Shape = cfg.Shape.Normalised()
	cfg.Kernels = cfg.Kernels.On(cfg.System.Accelerator)
	if err := cfg.Shape.Validate(); err != nil {
		return nil, err
	}
	if err := cfg.Shape.fits(&cfg.LLM); err != nil {
		return nil, err
	}
	if d := cfg.draft(); d.Drafts() {
		cfg.Shape.DraftTokens = d.Depth
	}
	m := &Model{worker: newWorker(cfg)}
	if err := m.worker.check(); err != nil {
		return nil, err
	}
	if err := m.stack.build(&m.worker); err != nil {
		return nil, err
	}
	return m, m.vary()
}

// vary builds the worker at all depths of drafts, if they follow the batch.
func (m *Model) vary() error {
	d := m.worker.draft
	if !d.Drafts() || len(d.ByBatch) == 0 {
		return nil
	}
	var err error
	if m.byBatch, err = d.ranges(); err != nil {
		return err
	}
	cfg := m.worker.cfg
	cfg.Tabulate = func(moe.Spec) (*moe.Table, error) { return m.stack.experts.table, nil }
	d.ByBatch, d.ByPosition, d.Accepted, d.Verify = nil, gains(m.worker.lengths), "", 0
	m.depths = make([]*Model, d.Depth+1)
	for d.Depth = range m.depths {
		draft := d
		cfg.Draft, cfg.Shape.DraftTokens = &draft, 0
		if m.depths[draft.Depth], err = New(cfg); err != nil {
			return err
		}
	}
	return nil
}

// Varies reports whether the depth of drafts follows the batch.
func (m *Model) Varies() bool { return m.depths != nil }

// At is the worker as it speculates with so many sequences on its busiest rank.
func (m *Model) At(sequences int) *Model {
	if m.depths == nil {
		return m
	}
	return m.depths[m.depth(sequences)]
}

// depth is the depth of drafts with so many sequences on the busiest rank.
func (m *Model) depth(sequences int) int { return depthIn(m.byBatch, len(m.depths)-1, sequences) }

// Config returns what the model was built from, its shape normalised.
func (m *Model) Config() Config { return m.worker.cfg }

// TokensPerSequence is the number of query tokens a decoding sequence brings
// to a step.
func (m *Model) TokensPerSequence() int { return m.worker.perSequence }

// TokensPerStep is the mean number of tokens a decoding sequence gains in a
// step, with the acceptance of its draft tokens.
func (m *Model) TokensPerStep() float64 {
	if n := len(m.worker.lengths); n > 0 {
		return m.worker.lengths[n-1]
	}
	return 1
}

// Lengths is the mean number of tokens of a step at draft depths 1, 2, … up to
// the one in use; empty without speculation.
func (m *Model) Lengths() []float64 { return m.worker.lengths }

// ExpertsPath is the kernel path the routed experts run on.
func (m *Model) ExpertsPath() string { return m.stack.experts.path }

// DispatchBytes are those of a hidden element on its way to an expert.
func (m *Model) DispatchBytes() float64 { return m.stack.experts.exchange.dispatchBytes() }

// AddPrefill adds a chunk of new prompt tokens after prefix tokens already
// in the cache.
func (m *Model) AddPrefill(r *Rank, prefix, tokens int, last bool) {
	r.add(prefix, tokens, last)
	for i := range m.stack.kinds {
		w := m.stack.kinds[i].pairs.Prefill(prefix, tokens)
		r.PrefillWork[i].Pairs += w.Pairs
		r.PrefillWork[i].IndexPairs += w.IndexPairs
	}
}

// Step prices one step of the worker whose attention ranks hold the given
// loads. All ranks advance together: the slowest sets the pace.
func (m *Model) Step(ranks []Rank) Cost { return m.stack.account(ranks, nil, nil) }

// Explain is Step with its account, one line an operator.
func (m *Model) Explain(ranks []Rank) (Cost, []Item) {
	var items []Item
	c := m.stack.account(ranks, &items, nil)
	return c, items
}

// CacheFormat is how cache entries are stored.
func (m *Model) CacheFormat() llm.CacheFormat { return m.worker.cacheFormat() }

// CacheBytes is what one attention rank's accelerator holds of a sequence:
// bytes per token of context, a fixed part per resident session, and a part
// per running sequence. Tensor parallelism divides cache heads as far as
// there are any; latent caches are replicated on every rank. A pipeline's stage
// holds the entries of its layers.
func (m *Model) CacheBytes() (perToken float64, fixed, running units.Bytes) {
	return m.stack.cacheBytes()
}

// Budget computes the memory budget of one accelerator of the worker, of the
// fullest stage where it is a pipeline.
func (m *Model) Budget() Budget { return m.stack.budget() }

// Fit reports by how much the worker misses, and what would fit.
func (m *Model) Fit() error {
	b := m.Budget()
	if b.Cache > 0 {
		return nil
	}
	w := &m.worker
	return fmt.Errorf("worker of %d × %s does not fit: each accelerator needs %s of weights, %s reserved and "+
		"%s of activations, but may use %s of %s: short by %s; %s", w.cfg.Shape.Accelerators, w.accelerator.Name,
		b.Experts+b.Dense+b.Embeddings, b.Reserved, b.Activations, b.HBM-b.Unused, b.HBM, -b.Cache, b.remedy(w))
}
