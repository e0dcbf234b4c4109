package tree

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"agentsim/portable"
)

// presetInputs lists what the sources of presets say is uncertain, one input an
// entry, less the fields that are taken and the presets
// that are left out. Entries of one preset that give the same
// source and the same distribution are one unknown. Numbers that were overridden
// are known.
func presetInputs(numbers *collector, taken map[string]bool, without []string) []Input {
	var list []Input
	for _, s := range numbers.scopes {
		if slices.Contains(without, s.path) {
			continue
		}
		first := len(list)
		for _, f := range s.sources.fields {
			in, ok := spreadOf(f.value)
			if !ok {
				continue
			}
			in.Name, in.At = join(s.path, f.key), f.at
			in.entries = []string{in.Name}
			in.Basis, in.Source = f.value.get("basis").text(), f.value.get("source").text()
			in.Fields = moved(numbers.list, s, f, taken)
			if len(in.Fields) == 0 {
				continue
			}
			if i := slices.IndexFunc(list[first:], func(o Input) bool { return o.same(&in) }); i >= 0 {
				list[first+i].join(&in)
				continue
			}
			list = append(list, in)
		}
	}
	return list
}

// same says whether two entries of one preset tell of one unknown.
func (i *Input) same(o *Input) bool {
	return i.Basis == o.Basis && i.Source == o.Source && i.Kind == o.Kind && i.Low == o.Low && i.High == o.High
}

// join adds what another entry of the same unknown moves. The name then tells
// of both: a.{b,c}, or a.b + 2 where there are many.
func (i *Input) join(o *Input) {
	i.Fields = append(i.Fields, o.Fields...)
	i.entries = append(i.entries, o.Name)
	all := append([]string{i.entries[0]}, i.entries[1:]...)
	const most = 3
	parent := all[0][:strings.LastIndexByte(all[0], '.')+1]
	if len(all) > most || slices.ContainsFunc(all, func(name string) bool { return !strings.HasPrefix(name, parent) }) {
		i.Name = all[0] + " + " + strconv.Itoa(len(all)-1)
		return
	}
	for k := range all {
		all[k] = strings.TrimPrefix(all[k], parent)
	}
	i.Name = parent + "{" + strings.Join(all, ",") + "}"
}

// moved lists what an entry of sources moves, less what is taken: its own
// fields and those that it scales, by which it may also set powers of its own.
func moved(fields []Field, s scope, entry field, taken map[string]bool) []Scaled {
	list := joint(fields, s, entry)
	for _, f := range own(fields, join(s.path, entry.key)) {
		if !slices.ContainsFunc(list, func(o Scaled) bool { return o.Field.Path == f.Field.Path }) {
			list = append(list, f)
		}
	}
	return slices.DeleteFunc(list, func(f Scaled) bool { return taken[f.Field.Path] })
}

// The 5th and 95th percentiles of a lognormal lie this many standard
// deviations from its median: the quantile of the normal distribution.
const ninetieth = 1.6448536269514722

// spreadOf reads the distribution of an entry of sources. A range holds the
// value in use as its mode; a residual is the mean size of a normal error, as
// large in the logarithm.
func spreadOf(source *node) (Input, bool) {
	if factors, ok := source.factors(); ok {
		in := Input{Kind: LogTriangularSpread, Low: factors[0], High: factors[1]}
		if in.Low == 0 {
			in.Kind = TriangularSpread
		}
		return in, in.Low < in.High
	}
	mape, err := strconv.ParseFloat(source.get("mape").text(), 64)
	if err != nil || !(mape > 0) {
		return Input{}, false
	}
	sigma := mape * math.Sqrt(math.Pi/2)
	return Input{Kind: LogNormalSpread, Low: portable.Exp(-ninetieth * sigma), High: portable.Exp(ninetieth * sigma)}, true
}

// own lists the fields that an entry of sources covers itself.
func own(fields []Field, name string) []Scaled {
	var list []Scaled
	for _, f := range fields {
		if f.entry == nil || f.source != name || f.Number == 0 {
			continue
		}
		if exponent := f.powers.within(name); exponent != 0 {
			list = append(list, Scaled{f, exponent})
		}
	}
	return list
}

// joint lists the fields that an entry moves besides or instead of its own, as
// its scales say. It moves none once a field of its own was overridden: then
// what they depend on is known.
func joint(fields []Field, s scope, entry field) []Scaled {
	name := join(s.path, entry.key)
	for _, f := range fields {
		if f.Basis == Given && f.powers.within(name) != 0 && holds(name, f.Path) && s.longest(f.Path) == entry.key {
			return nil
		}
	}
	var list []Scaled
	for _, scale := range mappingOf(entry.value.get("scales")) {
		power, err := strconv.ParseFloat(scale.value.text(), 64)
		if err != nil {
			continue // Check says so
		}
		for _, f := range under(fields, join(s.path, scale.key), power) {
			if f.Field.At.File == entry.at.File && f.Field.Number != 0 {
				list = append(list, f)
			}
		}
	}
	return list
}

// longest is the key of the entry that would cover a field, whoever wrote it.
func (s scope) longest(path string) string {
	best := ""
	for _, f := range s.sources.fields {
		if len(f.key) > len(best) && holds(f.key, within(path, s.path)) {
			best = f.key
		}
	}
	return best
}

// scalesProblem says what is wrong with the scales of an entry; empty if
// nothing.
func scalesProblem(p *Provenance, source *node) string {
	fields := p.Fields()
	for _, scale := range mappingOf(source.get("scales")) {
		if power, err := strconv.ParseFloat(scale.value.text(), 64); err != nil || power == 0 {
			return "scales: " + scale.key + ": want a power other than 0"
		}
		if len(under(fields, scale.key, 1)) == 0 {
			return "scales: " + scale.key + ": no number stands there"
		}
	}
	return ""
}

// uncertaintyType is not a constant of the configuration, but says of others what is
// not known.
func uncertaintyType() reflect.Type { return reflect.TypeFor[Uncertainty]() }
