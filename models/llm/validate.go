package llm

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
)

// largest bounds every dimension and count: far above any model, and small
// enough that no product of a few of them loses its meaning.
const largest = 1 << 24

// largestTower bounds the parameters of a vision tower.
const largestTower = 1e12 // a bound, above any

// Validate reports every rule that the model breaks, joined; each is a
// *fault.Field with the path of its field, the value and what would
// be right.
func (s *Spec) Validate() error {
	v := &validator{}
	v.Check(s.Name != "", "name", `""`, "a name")
	v.positive("hidden", s.Hidden)
	v.positive("vocab", s.Vocab)
	v.positive("max_context", s.MaxContext)
	v.atLeast("residuals", s.Residuals, 0)
	v.Check(s.Vision >= 0 && s.Vision < largestTower, "vision", s.Vision, "a number of parameters below 1e12")
	v.Check(len(s.Blocks) > 0, "blocks", "[]", "at least one block of layers")
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
	v.Check(s.Published.Params >= 0, "published.params", s.Published.Params, "a number of parameters")
	v.Check(s.Published.Active >= 0, "published.active", s.Published.Active, "a number of parameters")
	return v.Err()
}

// validator collects broken rules.
type validator struct{ fault.List }

func (v *validator) positive(path string, value int) { v.atLeast(path, value, 1) }

func (v *validator) atLeast(path string, value, low int) {
	v.Check(value >= low && value <= largest, path, value, fmt.Sprintf("a number from %d to %d", low, largest))
}

func (v *validator) format(path string, f hardware.Format) {
	v.Check(hardware.BytesPerWeight(f) > 0, path, fmt.Sprintf("%q", string(f)),
		fmt.Sprintf("one of %v", hardware.Formats()))
}

func (v *validator) block(path string, b *Block, experts bool) {
	v.positive(path+".count", b.Count)
	v.atLeast(path+".dense", b.Dense, 0)
	v.Check(b.Dense > 0 || b.NoFFN || experts, path+".dense", b.Dense, "an inner size, or an experts section")
	v.Check(b.Dense == 0 || !b.NoFFN, path+".no_ffn", b.NoFFN, "false beside a dense FFN")
	v.Check(b.HashRouted >= 0 && b.HashRouted <= b.Count, path+".hash_routed", b.HashRouted,
		fmt.Sprintf("at most the block's %d layers", b.Count))
	v.attention(path+".attention", b.Attention)
}

func (v *validator) experts(e *Experts) {
	v.positive("experts.routed", e.Routed)
	v.positive("experts.inner", e.Inner)
	v.atLeast("experts.shared", e.Shared, 0)
	v.atLeast("experts.shared_inner", e.SharedInner, 0)
	v.atLeast("experts.latent", e.Latent, 0)
	v.Check(e.TopK >= 1 && e.TopK <= e.Routed, "experts.top_k", e.TopK,
		fmt.Sprintf("1 to the %d routed experts", e.Routed))
}

// acceptance checks mean tokens per step: one token is certain, and a draft
// of depth d adds at most d.
func (v *validator) acceptance(mean []float64) {
	for i, tokens := range mean {
		depth := i + 1
		v.Check(tokens >= 1 && tokens <= float64(depth+1), fmt.Sprintf("acceptance[%d]", i), tokens,
			fmt.Sprintf("1 to %d tokens per step at draft depth %d", depth+1, depth))
	}
}

func (v *validator) attention(path string, a Attention) {
	if !a.Kind.known() {
		v.Want(path+".kind", fmt.Sprintf("%q", string(a.Kind)), "one of "+kindNames())
		return
	}
	need, may := a.kind().dimensions()
	for _, d := range a.dimensions() {
		at := path + "." + d.name
		switch {
		case slices.Contains(need, d.name):
			v.positive(at, *d.value)
		case slices.Contains(may, d.name):
			v.atLeast(at, *d.value, 0)
		default:
			v.Check(*d.value == 0, at, *d.value, fmt.Sprintf("0: %s attention does not use it", a.Kind))
		}
	}
	for _, f := range a.flags() {
		allowed := f.name == "gated" || slices.Contains(may, f.name)
		v.Check(allowed || !*f.value, path+"."+f.name, *f.value, fmt.Sprintf("false: %s attention does not have it", a.Kind))
	}
	for _, r := range a.kind().rules(a) {
		v.Check(r.holds, path+"."+r.field, r.value, r.want)
	}
}

func kindNames() string {
	var names []string
	for _, name := range AttentionKinds() {
		names = append(names, string(name))
	}
	return strings.Join(names, ", ")
}
