package step

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// The kinds of drafts.
const (
	NoDraft        = "none"
	RecurrentDraft = "recurrent" // a pass a token: MTP, NEXTN, EAGLE
	BlockDraft     = "block"     // one pass for all tokens: DSpark, DFlash
	LookupDraft    = "lookup"    // tokens from the text itself, found by the host
)

func draftKinds() []string { return []string{NoDraft, RecurrentDraft, BlockDraft, LookupDraft} }

// DraftSpec is speculation as an engine is told to do it.
type DraftSpec struct {
	Name  string `yaml:"name,omitempty"`  // mtp | eagle | dspark | …
	Kind  string `yaml:"kind,omitempty"`  // none | recurrent (default) | block | lookup
	Depth int    `yaml:"depth,omitempty"` // draft tokens a sequence and step
	// Verify is how many tokens of a sequence the target computes a step;
	// 0 = depth + 1, all drafts and the token before them.
	Verify int `yaml:"verify,omitempty"`
	// Accepted is the mean number of tokens of a step at this depth, the
	// target's own included; unknown = anything plausible for the model; empty
	// = by_position, or else what the model's preset knows.
	Accepted AcceptedLength `yaml:"accepted_length,omitempty"`
	// ByPosition is the share of steps in which the draft token at position 1,
	// 2, … is accepted with all before it.
	ByPosition []float64 `yaml:"by_position,omitempty"`
	// ByBatch sets the depth by the sequences of the busiest rank. A key is the
	// largest batch of a depth (TensorRT-LLM's draft_len_schedule; nothing is
	// drafted above the last), or a range such as 1-16 (vLLM's
	// num_speculative_tokens_per_batch_size; gaps keep the depth before them).
	ByBatch map[string]int `yaml:"by_batch,omitempty"`

	Sources hardware.Sources `yaml:"sources,omitempty"`
}

// AcceptedLength is a number of tokens, the word unknown, or empty.
type AcceptedLength string

// UnknownLength is the accepted length that nobody has measured.
const UnknownLength AcceptedLength = "unknown"

// UnmarshalText reads a number of at least 1, or the word unknown.
func (a *AcceptedLength) UnmarshalText(text []byte) error {
	if *a = AcceptedLength(text); *a == UnknownLength {
		return nil
	}
	if v, err := strconv.ParseFloat(string(text), 64); err != nil || !(v >= 1) || v > 1+depthMost {
		return fmt.Errorf("%s: want tokens a step from 1 to %d, the target's own included, or unknown", text, 1+depthMost)
	}
	return nil
}

// MarshalYAML writes a number as such.
func (a AcceptedLength) MarshalYAML() ([]byte, error) { return []byte(a), nil }

// number is the length, or 0 where it is none.
func (a AcceptedLength) number() float64 {
	v, err := strconv.ParseFloat(string(a), 64)
	if err != nil {
		return 0
	}
	return v
}

// depthMost bounds the depth of drafts: engines set up to 16.
const depthMost = 128

// Drafts reports whether anything is drafted.
func (d *DraftSpec) Drafts() bool { return d != nil && d.Kind != NoDraft && d.Depth > 0 }

// Verified is how many tokens of a sequence the target computes in a step.
func (d *DraftSpec) Verified() int {
	switch {
	case !d.Drafts():
		return 1
	case d.Verify > 0:
		return d.Verify
	}
	return 1 + d.Depth
}

// kind is the kind of what drafts.
func (d *DraftSpec) kind() string {
	if d.Kind == "" {
		return RecurrentDraft
	}
	return d.Kind
}

// Validate reports what no engine could do.
func (d *DraftSpec) Validate() error {
	switch {
	case d.Kind != "" && !slices.Contains(draftKinds(), d.Kind):
		return fault.New("kind", "%q: want one of %s", d.Kind, strings.Join(draftKinds(), ", "))
	case d.Depth < 0 || d.Depth > depthMost:
		return fault.New("depth", "%d: want 0 (no speculation) to %d draft tokens", d.Depth, depthMost)
	case d.Verify < 0 || d.Verify > 0 && d.Verify < 2:
		return fault.New("verify", "%d: want 0 (depth + 1) or 2 and more tokens", d.Verify)
	case d.Accepted.number() > float64(max(1, d.Verified())):
		return fault.New("accepted_length", "%s: of %d tokens verified a step no more than these can be accepted",
			d.Accepted, d.Verified())
	}
	if err := d.validatePositions(); err != nil {
		return err
	}
	_, err := d.ranges()
	return err
}

func (d *DraftSpec) validatePositions() error {
	before := 1.0
	for i, p := range d.ByPosition {
		if !(p >= 0) || p > before {
			return fault.New(fmt.Sprintf("by_position[%d]", i), "%v: want a share of steps from 0 to that of the position "+
				"before, %v", p, before)
		}
		before = p
	}
	return nil
}

// depthRange is a depth up to a batch.
type depthRange struct{ from, to, depth int }

// ranges reads by_batch, the smallest batches first.
func (d *DraftSpec) ranges() ([]depthRange, error) {
	var list []depthRange
	for _, key := range slices.Sorted(maps.Keys(d.ByBatch)) {
		depth := d.ByBatch[key]
		low, high, isRange := strings.Cut(key, "-")
		r := depthRange{depth: depth}
		var err error
		if isRange {
			if r.from, err = strconv.Atoi(low); err == nil {
				r.to, err = strconv.Atoi(high)
			}
		} else {
			r.to, err = strconv.Atoi(low)
		}
		switch {
		case err != nil || r.from < 0 || r.to < max(1, r.from):
			return nil, fault.New("by_batch."+key, "want the largest batch of a depth, such as 8, or a range such as 1-16")
		case depth < 0 || depth > d.Depth:
			return nil, fault.New("by_batch."+key, "%d: want a depth from 0 to the largest, %d", depth, d.Depth)
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b depthRange) int {
		if a.to != b.to {
			return a.to - b.to
		}
		return a.from - b.from
	})
	return list, nil
}

// DepthAt is the depth at a batch of so many sequences.
func (d *DraftSpec) DepthAt(batch int) int {
	list, err := d.ranges()
	if !d.Drafts() || err != nil {
		return d.Depth
	}
	return depthIn(list, d.Depth, batch)
}

// depthIn is the depth that ranges set for a batch; without any, the deepest.
func depthIn(list []depthRange, deepest, batch int) int {
	if len(list) == 0 {
		return deepest
	}
	if list[0].from == 0 { // limits
		for _, r := range list {
			if batch <= r.to {
				return r.depth
			}
		}
		return 0
	}
	depth := list[0].depth
	for _, r := range list {
		if batch >= r.from {
			depth = r.depth
		}
	}
	return depth
}

// Lengths is the mean number of tokens of a step at depths 1, 2, … up to the
// draft's: as it says by position; else with its accepted length, as if every
// draft token were accepted with the same probability once those before it
// were; else what the model's preset knows, which an unknown length continues
// at the rate of its last step.
func (d *DraftSpec) Lengths(model *llm.Spec) ([]float64, error) {
	switch {
	case !d.Drafts():
		return nil, nil
	case len(d.ByPosition) > 0:
		return d.positions()
	case d.Accepted.number() > 0:
		return chain(d.Accepted.number(), d.Depth), nil
	case len(model.Acceptance) == 0 && d.Accepted == UnknownLength:
		return chain(tokensAt(chanceMiddle, d.Depth), d.Depth), nil
	case len(model.Acceptance) == 0:
		return nil, fault.New("accepted_length", "not set, and %s says nothing of accepted drafts: set tokens a step, "+
			"such as 2.5, or unknown", model.Name)
	case d.Depth > len(model.Acceptance) && d.Accepted != UnknownLength:
		return nil, fault.New("depth", "%d, but acceptance of %s is known to depth %d only: set accepted_length", d.Depth,
			model.Name, len(model.Acceptance))
	}
	return continued(model.Acceptance, d.Depth), nil
}

// positions adds the shares by position up.
func (d *DraftSpec) positions() ([]float64, error) {
	if len(d.ByPosition) < d.Depth {
		return nil, fault.New("by_position", "of %d positions, but the depth is %d: want a share for each",
			len(d.ByPosition), d.Depth)
	}
	list, sum := make([]float64, d.Depth), 1.0
	for i := range list {
		sum += d.ByPosition[i]
		list[i] = sum
	}
	return list, nil
}

// continued is a list of mean tokens a step by depth, as long as asked: the
// chance of a further draft token goes on falling as it did last.
func continued(known []float64, depth int) []float64 {
	list := slices.Clone(known[:min(depth, len(known))])
	for n := len(list); n < depth; n++ {
		last, before := gain(list, n-1), 1.0
		if n > 1 {
			before = gain(list, n-2)
		}
		ratio := 0.0
		if before > 0 {
			ratio = min(1, last/before)
		}
		list = append(list, list[n-1]+max(0, last)*max(0, ratio))
	}
	return list
}

// gains are what every depth adds to the tokens of a step: the shares by position.
func gains(lengths []float64) []float64 {
	list := make([]float64, len(lengths))
	before := 1.0
	for i := range list {
		list[i] = min(before, max(0, gain(lengths, i)))
		before = list[i]
	}
	return list
}

// gain is what the i-th depth adds to the tokens of a step.
func gain(list []float64, i int) float64 {
	if i == 0 {
		return list[0] - 1
	}
	return list[i] - list[i-1]
}

// chain is the mean tokens a step by depth if each draft token is accepted with
// the same probability p, so that at the last depth it is as given: 1 + p + p² + …
func chain(accepted float64, depth int) []float64 {
	low, high := 0.0, 1.0
	for range 60 { // halvings: exact to the last bit
		p := (low + high) / 2
		if tokensAt(p, depth) < accepted {
			low = p
		} else {
			high = p
		}
	}
	list := make([]float64, depth)
	for i := range list {
		list[i] = tokensAt(low, i+1)
	}
	return list
}

func tokensAt(p float64, depth int) float64 {
	sum, power := 1.0, 1.0
	for range depth {
		power *= p
		sum += power
	}
	return sum
}
