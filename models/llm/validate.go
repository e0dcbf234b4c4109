package llm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// largest bounds every dimension and count: far above any model, and small
// enough that no product of a few of them loses its meaning.
const largest = 1 << 24

// Validate reports every rule that the model breaks, joined; each is a
// *hardware.FieldError with the path of its field, the value and what would
// be right.
func (s *Spec) Validate() error {
	v := &validator{}
	check(v, s.Name != "", "name", `""`, "a name")
	v.positive("hidden", s.Hidden)
	v.positive("vocab", s.Vocab)
	v.positive("max_context", s.MaxContext)
	v.atLeast("residuals", s.Residuals, 0)
	check(v, len(s.Blocks) > 0, "blocks", "[]", "at least one block of layers")
	for i := range s.Blocks {
		v.block(fmt.Sprintf("blocks[%d]", i), &s.Blocks[i], s.Experts != nil)
	}
	if s.MTP != nil {
		v.block("mtp", s.MTP, s.Experts != nil)
	}
	if s.Experts != nil {
		v.experts(s.Experts)
		v.format("weights.experts", s.Weights.Experts)
	}
	v.format("weights.dense", s.Weights.Dense)
	v.acceptance(s.Acceptance)
	check(v, s.Published.Params >= 0, "published.params", s.Published.Params, "a number of parameters")
	check(v, s.Published.Active >= 0, "published.active", s.Published.Active, "a number of parameters")
	return v.err()
}

// validator collects broken rules.
type validator struct{ errs []error }

func (v *validator) err() error { return errors.Join(v.errs...) }

// check notes a broken rule: the field at path has this value and should have that.
func check[T any](v *validator, holds bool, path string, value T, want string) {
	if !holds {
		problem := fmt.Sprintf("%v is not %s", value, want)
		v.errs = append(v.errs, &hardware.FieldError{Path: path, Problem: problem})
	}
}

func (v *validator) positive(path string, value int) { v.atLeast(path, value, 1) }

func (v *validator) atLeast(path string, value, low int) {
	check(v, value >= low && value <= largest, path, value, fmt.Sprintf("a number from %d to %d", low, largest))
}

func (v *validator) format(path string, f hardware.Format) {
	check(v, hardware.BytesPerWeight(f) > 0, path, fmt.Sprintf("%q", string(f)),
		fmt.Sprintf("one of %v", hardware.Formats()))
}

func (v *validator) block(path string, b *Block, experts bool) {
	v.positive(path+".count", b.Count)
	v.atLeast(path+".dense", b.Dense, 0)
	check(v, b.Dense > 0 || experts, path+".dense", b.Dense, "an inner size, or an experts section")
	check(v, b.HashRouted >= 0 && b.HashRouted <= b.Count, path+".hash_routed", b.HashRouted,
		fmt.Sprintf("at most the block's %d layers", b.Count))
	v.attention(path+".attention", b.Attention)
}

func (v *validator) experts(e *Experts) {
	v.positive("experts.routed", e.Routed)
	v.positive("experts.inner", e.Inner)
	v.atLeast("experts.shared", e.Shared, 0)
	v.atLeast("experts.shared_inner", e.SharedInner, 0)
	check(v, e.TopK >= 1 && e.TopK <= e.Routed, "experts.top_k", e.TopK,
		fmt.Sprintf("1 to the %d routed experts", e.Routed))
}

// acceptance checks mean tokens per step: one token is certain, and a draft
// of depth d adds at most d.
func (v *validator) acceptance(mean []float64) {
	for i, tokens := range mean {
		depth := i + 1
		check(v, tokens >= 1 && tokens <= float64(depth+1), fmt.Sprintf("acceptance[%d]", i), tokens,
			fmt.Sprintf("1 to %d tokens per step at draft depth %d", depth+1, depth))
	}
}

// field is one dimension of an attention module under its name in a preset.
type field struct {
	name  string
	value int
}

func (v *validator) attention(path string, a Attention) {
	need, may := a.Kind.fields()
	if need == nil {
		check(v, false, path+".kind", fmt.Sprintf("%q", string(a.Kind)), "one of "+strings.Join(kindNames(), ", "))
		return
	}
	for _, f := range a.fields() {
		at := path + "." + f.name
		switch {
		case slices.Contains(need, f.name):
			v.positive(at, f.value)
		case slices.Contains(may, f.name):
			v.atLeast(at, f.value, 0)
		default:
			check(v, f.value == 0, at, f.value, fmt.Sprintf("0: %s attention does not use it", a.Kind))
		}
	}
	switch a.Kind {
	case GQA, Window:
		divides := a.KVHeads < 1 || a.Heads%a.KVHeads == 0
		check(v, divides, path+".kv_heads", a.KVHeads, fmt.Sprintf("a divisor of the %d query heads", a.Heads))
	case CSA, HCA, SWA:
		check(v, a.RopeDim <= a.HeadDim, path+".rope_dim", a.RopeDim, fmt.Sprintf("at most head_dim, %d", a.HeadDim))
		check(v, !a.Gated, path+".gated", a.Gated, fmt.Sprintf("known of %s attention", a.Kind))
	}
}

// fields lists all dimensions of the module.
func (a Attention) fields() []field {
	return []field{
		{"heads", a.Heads}, {"kv_heads", a.KVHeads}, {"head_dim", a.HeadDim}, {"value_dim", a.ValueDim},
		{"q_lora", a.QLoRA}, {"kv_lora", a.KVLoRA}, {"nope_dim", a.NopeDim}, {"rope_dim", a.RopeDim},
		{"window", a.Window}, {"compress", a.Compress}, {"o_groups", a.OGroups}, {"o_lora", a.OLoRA},
		{"index_heads", a.IndexHeads}, {"index_dim", a.IndexDim}, {"index_top_k", a.IndexTopK},
		{"key_heads", a.KeyHeads}, {"key_dim", a.KeyDim}, {"value_heads", a.ValueHeads},
		{"conv", a.Conv}, {"gate_lora", a.GateLoRA},
	}
}

// fields names the dimensions that a kind cannot do without and those it may
// have; both are nil for an unknown kind.
func (k AttentionKind) fields() (need, may []string) {
	grouped := []string{"heads", "kv_heads", "head_dim"}
	latent := []string{"heads", "kv_lora", "nope_dim", "value_dim"}
	shared := []string{"heads", "head_dim", "window", "o_groups", "o_lora"}
	indexer := []string{"index_heads", "index_dim", "index_top_k"}
	projected := []string{"q_lora", "rope_dim"}
	switch k {
	case GQA:
		return grouped, []string{"value_dim"}
	case Window:
		return append(grouped, "window"), []string{"value_dim"}
	case MLA:
		return latent, projected
	case DSA:
		return append(latent, indexer...), projected
	case SWA:
		return shared, projected
	case HCA:
		return append(shared, "compress"), projected
	case CSA:
		return append(append(shared, "compress"), indexer...), projected
	case Linear:
		return []string{"key_heads", "key_dim", "value_heads", "value_dim"}, []string{"conv", "gate_lora"}
	}
	return nil, nil
}

func kindNames() []string {
	var names []string
	for _, k := range []AttentionKind{GQA, Window, MLA, DSA, CSA, HCA, SWA, Linear} {
		names = append(names, string(k))
	}
	return names
}
