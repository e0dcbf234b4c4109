package step

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/llm"
	"agentsim/units"
)

// CacheRules is how an engine keeps caches: what stays of a request, in which
// pools, and what its format adds (engine-caches.md).
type CacheRules struct {
	// Policy is a preset of models/kvcache/prefix, or ideal; empty = the latest
	// of the engine's family at its date.
	Policy string `yaml:"policy,omitempty"`
	// Interval is vLLM's retention interval, in tokens; 0 = as the policy says.
	Interval int `yaml:"interval,omitempty"`
	// ContextCopies has every group of pcp keep the whole context; else it is
	// divided over them by token.
	ContextCopies bool `yaml:"context_copies,omitempty"`
	// Spacing is how many times as far apart as the policy says positions are kept;
	// 0 = 1.
	Spacing float64 `yaml:"spacing,omitempty"`
	// Shares of memory by layer group on workers that compute prompts, and on
	// those that only decode; none = by a typical batch (TensorRT-LLM's
	// pool_ratio).
	Shares       []float64 `yaml:"shares,omitempty"`
	DecodeShares []float64 `yaml:"decode_shares,omitempty"`
	// Typical is the context that shares by a typical batch are made for, in
	// tokens; 0 = 32,768.
	Typical int `yaml:"typical_tokens,omitempty"`
	// WindowRatio is tokens of windows over tokens of full history (SGLang's
	// swa_full_tokens_ratio); 0 = 0.1.
	WindowRatio float64 `yaml:"window_ratio,omitempty"`
	// StateRatio is memory of states over memory of the rest (SGLang's
	// mamba_full_memory_ratio); 0 = 0.9.
	StateRatio float64 `yaml:"state_ratio,omitempty"`
	// OneScale gives FP8 entries of latent attention one scale per tensor, so
	// that every value takes a byte; else scales and rotary parts come on top.
	OneScale bool `yaml:"one_scale,omitempty"`
	// RequestStates gives each request of a full batch a buffer of its own for
	// compressor states as long as the window, taken before the pools; else they
	// lie with the window's pages (SGLang from July 2026 on).
	RequestStates bool `yaml:"request_states,omitempty"`
	// IndexAllLayers keeps indexer keys in the layers, too, that take the choice of
	// another's indexer (SGLang).
	IndexAllLayers bool `yaml:"index_all_layers,omitempty"`
	// NoScratch gives the tokens of a step pages of windows and states of their
	// own in every layer, where the policy would have layers share them.
	NoScratch bool `yaml:"no_scratch,omitempty"`
}

// Ideal is the policy of a cache that keeps every position of all that fits,
// and gives up at once what nobody can match any more.
const Ideal = "ideal"

const (
	typicalTokens = 32_768 // a typical context of agents, assumed
	windowRatio   = 0.1    // what SGLang sets for DeepSeek V4 (engine-caches.md 4)
	stateRatio    = 0.9    // SGLang's default (engine-caches.md 4)
	maxSpacing    = 1e6    // beyond any context
)

// Validate reports what no model could make right.
func (c *CacheRules) Validate() error {
	var l fault.List
	if c.Policy != "" && c.Policy != Ideal {
		if _, err := prefix.PresetOf(c.Policy); err != nil {
			l.Add("policy", "%v or %s", err, Ideal)
		}
	}
	l.Check(c.Interval >= 0, "interval", c.Interval, "0 (as the policy says) or more tokens")
	l.Check(c.Spacing == 0 || c.Spacing >= 1 && c.Spacing <= maxSpacing, "spacing", c.Spacing, "0 (= 1) or 1 to 1e6")
	l.Check(c.Typical >= 0, "typical_tokens", c.Typical, "0 (= 32,768) or more")
	l.Check(c.WindowRatio >= 0 && c.WindowRatio <= 1, "window_ratio", c.WindowRatio, "0 (= 0.1) to 1")
	l.Check(c.StateRatio >= 0, "state_ratio", c.StateRatio, "0 (= 0.9) or more")
	for _, s := range []struct {
		name   string
		shares []float64
	}{{"shares", c.Shares}, {"decode_shares", c.DecodeShares}} {
		if len(s.shares) > 0 {
			if _, err := prefix.Shares(1, nil, s.shares); err != nil {
				l.Add(s.name, "%s", strings.TrimPrefix(err.Error(), "shares: "))
			}
		}
	}
	return l.Err()
}

// CachePreset is the policy that the engine keeps caches by; not ok where that
// is the ideal one.
func (e *EngineSpec) CachePreset() (preset prefix.Preset, ok bool, err error) {
	switch e.Cache.Policy {
	case Ideal:
		return preset, false, nil
	case "":
		families := map[string]string{"trtllm": "tensorrt-llm"}
		family := e.Family
		if other, known := families[family]; known {
			family = other
		}
		preset, ok = prefix.PresetAt(family, e.Version, e.Date)
	default:
		if preset, err = prefix.PresetOf(e.Cache.Policy); err != nil {
			return preset, false, fault.In("engine.cache.policy", err)
		}
		ok = true
	}
	if ok && e.Cache.Interval > 0 {
		if preset, err = preset.Retain(e.Cache.Interval); err != nil {
			return preset, false, fault.In("engine.cache.interval", err)
		}
	}
	if e.Cache.NoScratch {
		preset.Scratch = false
	}
	return preset, ok, nil
}

// CacheWork is what a worker does with caches.
type CacheWork struct {
	Prompts bool // it computes prompts, and so keeps prefixes
	Ideal   bool // whatever the engine's policy is
}

// CacheSpec is the cache of one attention rank as the engine lays it out:
// tensor-parallel ranks hold copies of what cannot be divided among them. Tiers
// and eviction are the deployment's.
func (m *Model) CacheSpec(work CacheWork) (prefix.Spec, error) {
	l := layout{Model: m, worker: &m.worker}
	return l.spec(work)
}

// layout lays out the cache of a rank.
type layout struct {
	*Model
	*worker
}

func (m *layout) spec(work CacheWork) (prefix.Spec, error) {
	engine := &m.cfg.Engine
	preset, ok, err := engine.CachePreset()
	if err != nil {
		return prefix.Spec{}, err
	}
	if !ok || work.Ideal || !m.grows() {
		return m.idealCache(), nil
	}
	draft := 0
	if preset.Pools == prefix.ByGroup {
		draft = m.shape.DraftTokens
	}
	parts := m.cacheParts()
	total := m.Budget().Cache
	if preset.Pools == prefix.ByRatio || preset.Pools == prefix.Shared {
		var buffers units.Bytes
		parts, buffers = rings(parts, m.shape.DraftTokens, engine.Cache.RequestStates)
		total -= buffers * units.Bytes(m.shape.MaxBatchPerRank+1)
	}
	s := prefix.Spec{Padding: engine.Memory.Fragmentation}
	components, names, err := prefix.Arrange(preset.Pools, parts, m.pageTokens(&preset), draft)
	if err != nil {
		return s, fault.In("engine.memory.block_tokens", err)
	}
	s.Components = components
	batch := m.perSequence
	if work.Prompts {
		batch = m.shape.TokenBudget
	}
	s.Policy = preset.For(components, batch, m.perSequence).Spaced(components, engine.Cache.Spacing)
	if preset.Chunks && preset.Pools == prefix.ByGroup && engine.Cache.NoScratch {
		// Every page of a chunk is one of its own, and is committed with it.
		s.Policy.Checkpoints.Every, s.Policy.Checkpoints.WholePages, s.Policy.Checkpoints.Chunk = components[0].Page, true, 0
		s.Policy.Checkpoints.PromptEnd = true
	}
	if !work.Prompts {
		s.Policy.InFlight.Prefill = s.Policy.InFlight.Decode
		if s.Policy.Checkpoints.Chunk > 0 { // what it keeps of a prompt has come whole
			s.Policy.Checkpoints.Chunk, s.Policy.Checkpoints.PromptEnd = 0, true
		}
	}
	if preset.Pools == prefix.OneOfSlots && m.shape.DraftTokens > 0 {
		s.Policy.Ahead = aheadOf(components)
	}
	s.Pools, err = m.cachePools(preset.Pools, total, &s, names, work)
	return s, err
}

// pageTokens is how many tokens a page has: where history is compressed, a page
// holds whole runs of every compressor.
func (m *layout) pageTokens(preset *prefix.Preset) int {
	page := m.cfg.Engine.Memory.BlockTokens
	compressed := slices.ContainsFunc(m.cfg.LLM.CacheComponents(m.CacheFormat()), func(c llm.CacheComponent) bool {
		return c.Kind == llm.Grows && c.Compression > 1
	})
	if compressed {
		return max(page, preset.Compressed)
	}
	return page * m.contextPages()
}

// grows reports whether any layer keeps entries of the whole context.
func (m *layout) grows() bool {
	return slices.ContainsFunc(m.cfg.LLM.CacheComponents(m.CacheFormat()), func(c llm.CacheComponent) bool {
		return c.Kind == llm.Grows
	})
}

// idealCache has one pool of entries that grow: windows and states are room
// that a request takes while it runs.
func (m *layout) idealCache() prefix.Spec {
	perToken, fixed, running := m.CacheBytes()
	page := max(m.cfg.Engine.Memory.BlockTokens, 1) * m.contextPages()
	if perToken == 0 {
		perToken = 1e-9 // of states alone
	}
	return prefix.Spec{
		Components: []prefix.Component{{
			Name:  "history",
			Kind:  prefix.Grows,
			Page:  page,
			Bytes: units.Bytes(float64(page) * perToken),
		}},
		Pools:   []prefix.Pool{{Name: "history", Capacity: m.Budget().Cache}},
		Policy:  prefix.Policy{DropsStale: true},
		Running: fixed*units.Bytes(m.cfg.Engine.Memory.Fragmentation) + running,
		Padding: m.cfg.Engine.Memory.Fragmentation,
	}
}

// cacheParts lists what a rank keeps of a sequence, layers of equal kind
// together, with draft layers where there are drafts.
func (m *layout) cacheParts() []prefix.Part {
	var parts []prefix.Part
	for _, b := range m.cfg.LLM.Blocks {
		parts = m.addParts(parts, b, m.fullest)
	}
	if m.cfg.Engine.Cache.IndexAllLayers {
		m.indexAll(parts)
	}
	if m.shape.DraftTokens > 0 && m.cfg.LLM.MTP != nil {
		parts = m.addParts(parts, *m.cfg.LLM.MTP, 1)
	}
	return parts
}

// indexAll gives indexer keys to the layers that choose by another's indexer.
func (m *layout) indexAll(parts []prefix.Part) {
	layers := 0
	for _, b := range m.cfg.LLM.Blocks {
		if b.Attention.Kind == llm.DSAShared {
			layers += max(b.Count, 1)
		}
	}
	for i := range parts {
		if parts[i].Name == "index_keys" {
			parts[i].Layers += layers
			return
		}
	}
}

// addParts adds the entries of a block's layers, of which the fullest stage
// has a share.
func (m *layout) addParts(parts []prefix.Part, b llm.Block, share float64) []prefix.Part {
	format := m.CacheFormat()
	if m.cfg.Engine.Cache.OneScale && format.KV == hardware.FP8 {
		format.KV = hardware.FP8Tensor
	}
	for _, c := range b.Attention.Components(format) {
		p := prefix.Part{
			Name:   c.Name,
			Kind:   prefix.Kind(c.Kind),
			Layers: max(b.Count, 1),
			Bytes:  c.Bytes * share / float64(min(c.Shards, m.shape.TP)),
			Window: c.Window,
		}
		if c.Kind == llm.Grows {
			p.Bytes /= m.contextShards(&b.Attention)
		}
		same := slices.IndexFunc(parts, func(q prefix.Part) bool {
			return q.Name == p.Name && q.Kind == p.Kind && q.Window == p.Window && q.Bytes == p.Bytes
		})
		if same >= 0 {
			parts[same].Layers += p.Layers
			continue
		}
		parts = append(parts, p)
	}
	return parts
}

// rings makes compressor states live in rings that are part of the window, as
// SGLang does: a ring has two runs of a state, twice as many with drafts, and
// there is one for each longest window. States as long as the window may have
// buffers by request instead, of which it returns the bytes.
func rings(parts []prefix.Part, drafts int, byRequest bool) (kept []prefix.Part, buffers units.Bytes) {
	longest := 0
	for i := range parts {
		longest = max(longest, parts[i].Window)
	}
	for _, p := range parts {
		state := p.Kind == prefix.Window && strings.HasSuffix(p.Name, "_state")
		slots := p.Window
		if drafts > 0 {
			slots *= 2
		}
		if state && byRequest && p.Window == longest {
			buffers += units.Bytes(p.Bytes * float64(p.Layers*slots))
			continue
		}
		if state {
			p.Bytes *= float64(slots) / float64(longest)
			p.Window = longest
		}
		kept = append(kept, p)
	}
	return kept, buffers
}

// aheadOf is how many tokens the draft layer needs behind a prefix: a page of
// the longest window, or of what grows.
func aheadOf(components []prefix.Component) int {
	longest := &components[0]
	for i := range components {
		if components[i].Kind == prefix.Window && components[i].Window > longest.Window {
			longest = &components[i]
		}
	}
	return longest.Page
}

// cachePools divides the rank's memory as the engine does.
func (m *layout) cachePools(
	kind prefix.PoolKind, total units.Bytes, s *prefix.Spec, names []string, work CacheWork,
) ([]prefix.Pool, error) {
	rules := &m.cfg.Engine.Cache
	switch {
	case total <= 0:
		return nil, fault.New("pools[0]", "states of %d requests take %s more than there is: lower max_batch_per_rank",
			m.shape.MaxBatchPerRank, -total)
	case kind == prefix.OneOfSlots:
		return prefix.Slots(total, s.Components[0].Bytes), nil
	case len(names) == 1:
		return []prefix.Pool{{Name: names[0], Capacity: total}}, nil
	case kind == prefix.ByRatio:
		return ratioPools(total, s.Components, names, rules)
	}
	shares := rules.Shares
	if !work.Prompts {
		shares = rules.DecodeShares
	}
	if len(shares) == 0 {
		shares = m.typicalShares(s, len(names), work)
	}
	if len(shares) != len(names) {
		return nil, fault.New("engine.cache.shares", "%d shares of %d pools (%s): want one for each", len(shares),
			len(names), strings.Join(names, ", "))
	}
	pools, err := prefix.Shares(total, names, shares)
	return pools, fault.In("engine.cache", err)
}

// ratioPools divides memory by SGLang's two ratios.
func ratioPools(
	total units.Bytes, components []prefix.Component, names []string, rules *CacheRules,
) ([]prefix.Pool, error) {
	ratio, states := rules.WindowRatio, rules.StateRatio
	if ratio == 0 {
		ratio = windowRatio
	}
	if states == 0 {
		states = stateRatio
	}
	if len(names) > 2 {
		return nil, fault.New("engine.cache.policy", "pools by ratio of %s: want windows or states beside the history, "+
			"not both", strings.Join(names, ", "))
	}
	if names[1] == "states" {
		return prefix.Shares(total, names, []float64{1 / (1 + states), states / (1 + states)})
	}
	pools, full, window, err := prefix.Ratio(total, components, ratio)
	if err != nil {
		return nil, fault.In("engine.cache.window_ratio", err)
	}
	if full == 0 || window == 0 {
		return nil, fault.New("engine.cache.window_ratio", "%v leaves %d tokens of history and %d of windows in %s: "+
			"want a page of each", ratio, full, window, total)
	}
	return pools, nil
}

// typicalShares divides memory as a batch of typical requests needs it: one
// whose prompt is computed, and as many as decode.
func (m *layout) typicalShares(s *prefix.Spec, pools int, work CacheWork) []float64 {
	typical := m.cfg.Engine.Cache.Typical
	if typical == 0 {
		typical = typicalTokens
	}
	need := make([]float64, pools)
	sum := 0.0
	for i := range s.Components {
		c := &s.Components[i]
		bytes := float64(m.shape.MaxBatchPerRank*c.RunningPages(typical, s.Policy.InFlight.Decode)) * float64(c.Bytes)
		if work.Prompts {
			bytes += float64(c.RunningPages(typical, s.Policy.InFlight.Prefill)) * float64(c.Bytes)
		}
		need[c.Pool] += bytes
		sum += bytes
	}
	if !(sum > 0) {
		panic(fmt.Sprintf("step: %d pools of components that take nothing", pools))
	}
	for i := range need {
		need[i] /= sum
	}
	return need
}
