package step

import (
	"math"
	"strconv"

	"agentsim/models/llm"
	"agentsim/portable"
)

// Acceptance is where the mean number of tokens of a step lies that nobody has
// measured: P10, the middle and P90 of what is plausible, with what that rests on.
type Acceptance struct {
	Low, Middle, High float64
	Basis             string
}

// Of models that no preset knows a draft of, these are the chances that a draft
// token is accepted once those before it were: 0.5 is below DeepSeek-R1's on long
// contexts (0.66), 0.93 the highest of eight published drafters on coding
// prompts (Qwen3.5; github.com/SemiAnalysisAI/InferenceX 843c6254).
const (
	chanceLow    = 0.5
	chanceMiddle = 0.75
	chanceHigh   = 0.93
)

// Unknown reports whether something is drafted of which nobody knows how much
// is accepted.
func (d *DraftSpec) Unknown() bool {
	return d.Drafts() && d.Accepted == UnknownLength && len(d.ByPosition) == 0
}

// Plausible is where the tokens of a step lie of a draft that is Unknown. What a
// model's preset knows has its source's range, a triangle in the logarithm with
// the preset's value as its mode; drafts from the text itself may find nothing.
func (d *DraftSpec) Plausible(model *llm.Spec) Acceptance {
	most := float64(d.Verified())
	within := func(tokens float64) float64 { return min(most, max(1, tokens)) }
	if len(model.Acceptance) == 0 {
		return Acceptance{
			Low:    within(tokensAt(chanceLow, d.Depth)),
			Middle: within(tokensAt(chanceMiddle, d.Depth)),
			High:   within(tokensAt(chanceHigh, d.Depth)),
			Basis:  "drafts of other models: " + model.Name + " has none that was measured",
		}
	}
	lengths := continued(model.Acceptance, d.Depth)
	mean := lengths[len(lengths)-1]
	source := model.Sources["acceptance"]
	low, high := source.Range[0], source.Range[1]
	power := 1.0
	if p, ok := source.Scales["acceptance["+strconv.Itoa(min(d.Depth, len(model.Acceptance))-1)+"]"]; ok {
		power = p
	}
	if !(low > 0 && low < high) {
		low, high = rangeLow, rangeHigh
	}
	at := func(share float64) float64 { return within(mean * portable.Pow(triangle(low, high, share), power)) }
	const tail = 0.1
	a := Acceptance{Low: at(tail), Middle: within(mean), High: at(1 - tail), Basis: "acceptance of " + model.Name}
	if d.kind() == LookupDraft {
		a.Low = 1
	}
	return a
}

// Presets without a range of acceptance take that of published drafters under
// other prompts: V4 Pro 2.49 tokens thinking, 3.00 not (engine-schedulers, section 6).
const (
	rangeLow  = 0.8
	rangeHigh = 1.2
)

// triangle is the quantile of a factor whose logarithm is distributed as a
// triangle between two ends, with its mode at 1.
func triangle(low, high, share float64) float64 {
	a, b := portable.Log(low), portable.Log(high)
	mode := min(b, max(a, 0))
	if width := b - a; share*width <= mode-a {
		return portable.Exp(a + math.Sqrt(share*width*(mode-a)))
	}
	return portable.Exp(b - math.Sqrt((1-share)*(b-a)*(b-mode)))
}

// WithAccepted is the draft with so many tokens of a step in place of an unknown
// number.
func (d *DraftSpec) WithAccepted(tokens float64) *DraftSpec {
	known := *d
	const digits = 6
	known.Accepted = AcceptedLength(strconv.FormatFloat(tokens, 'g', digits, 64))
	return &known
}
