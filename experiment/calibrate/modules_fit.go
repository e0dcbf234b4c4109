package calibrate

import (
	"strings"

	"agentsim/models/hardware"
	"agentsim/units"
)

// linearTerms says which constants a module's form has.
type linearTerms struct {
	tokensOnly  bool // no pairs
	index, long bool
	longFrom    int
	low, high   int // tensor-parallel degrees; equal = only one was measured
	hidden      int
	floors      []hardware.Linear // where floors are known from elsewhere, by degree
}

// Bounds, per layer of the largest models.
func moduleFloor() parameter  { return parameter{1e-6, 1e-4, 5e-3} }
func perToken() parameter     { return parameter{1e-11, 2e-7, 1e-4} }
func perPair() parameter      { return parameter{1e-15, 1e-10, 1e-7} }
func perIndexPair() parameter { return parameter{1e-15, 1e-11, 1e-8} }
func hiding() parameter       { return parameter{1, 1.2, 6} }

// each lists the constants of one degree.
func (t linearTerms) each(tp int) []parameter {
	list := []parameter{moduleFloor(), perToken()}
	for _, l := range t.floors {
		if l.TP == tp {
			list[0] = known(float64(l.Floor))
		}
	}
	if !t.tokensOnly {
		list = append(list, perPair())
	}
	if t.index {
		list = append(list, perIndexPair())
	}
	if t.long {
		list = append(list, moduleFloor())
	}
	return list
}

// form has the constants at the lowest and the highest degree, which give
// those between as a + c/tp, and one exponent for all.
func (t linearTerms) form(price func(forms []hardware.Linear, s *sample) float64) form {
	f := form{parameters: t.each(t.low)}
	if t.low != t.high {
		f.parameters = append(f.parameters, t.each(t.high)...)
	}
	f.parameters = append(f.parameters, hiding())
	f.bind = func(c []float64) func(*sample) float64 {
		forms := t.linears(c)
		return func(s *sample) float64 { return price(forms, s) }
	}
	return f
}

func (t linearTerms) linears(c []float64) []hardware.Linear {
	n := len(t.each(t.low))
	exponent := c[len(c)-1]
	if exponent < edgeOfSum {
		exponent = 0
	}
	out := []hardware.Linear{t.linear(t.low, c[:n], exponent)}
	if t.low != t.high {
		out = append(out, t.linear(t.high, c[n:2*n], exponent))
	}
	return out
}

// edgeOfSum is the exponent up to which floor and rest simply add up.
const edgeOfSum = 1.03

func (t linearTerms) linear(tp int, c []float64, exponent float64) hardware.Linear {
	l := hardware.Linear{
		TP:       tp,
		Hidden:   t.hidden,
		Floor:    units.Seconds(c[0]),
		PerToken: significant(c[1], perToken()),
		Exponent: exponent,
	}
	c = c[2:]
	if !t.tokensOnly {
		l.PerPair = significant(c[0], perPair())
		c = c[1:]
	}
	if t.index {
		l.PerIndexPair = significant(c[0], perIndexPair())
		c = c[1:]
	}
	if t.long {
		l.LongFloor, l.LongFrom = units.Seconds(c[0]), t.longFrom
	}
	return l
}

// negligible is how far above its lower bound a slope must lie to count.
const negligible = 100

func significant(v float64, p parameter) units.Seconds {
	if v < negligible*p.low {
		return 0
	}
	return units.Seconds(v)
}

func fitModule(k *hardware.KernelSet, s *scope, group string, samples []sample) {
	name, phase, _ := strings.Cut(group, ".")
	shape := samples[0].shape
	t := linearTerms{longFrom: samples[0].longFrom, low: samples[0].tp, high: samples[0].tp}
	for _, x := range samples {
		t.low, t.high = min(t.low, x.tp), max(t.high, x.tp)
		t.index = t.index || x.features.IndexPairs > 0
	}
	t.long = phase == "decode" && t.longFrom > 0
	a := k.Attention[name]
	a.Kind, a.Hidden, a.Heads, a.Dense, a.KV = shape.Kind, shape.Hidden, samples[0].heads, shape.Dense, shape.KV
	if phase == "prefill" {
		if s.hostBound[group] { // decode is captured as a graph and runs the same launches
			t.floors = a.Decode
		}
		a.Prefill = t.linears(fit(t.form(pricePrefill), samples, 1.05, 1.6))
	} else {
		a.Decode = t.linears(fit(t.form(priceDecode), samples, 1.05, 1.6))
		a.Grids = grids(a, samples)
	}
	k.Attention[name] = a
}

func pricePrefill(forms []hardware.Linear, x *sample) float64 {
	return hardware.AttentionKernel{Prefill: forms}.PrefillSeconds(x.tp, x.features)
}

func priceDecode(forms []hardware.Linear, x *sample) float64 {
	return hardware.AttentionKernel{Decode: forms}.DecodeSeconds(x.tp, x.features)
}

func priceModule(k *hardware.KernelSet, _ *scope, x *sample) (float64, bool) {
	a, _, ok := k.AttentionFor(x.shape)
	if !ok {
		return 0, false
	}
	if strings.HasSuffix(x.group, ".prefill") {
		return a.PrefillSeconds(x.tp, x.features), len(a.Prefill) > 0
	}
	return a.DecodeSeconds(x.tp, x.features), len(a.Decode) > 0
}
