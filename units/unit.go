package units

import (
	"slices"
	"strings"
)

// unit is what a unit text stands for: value × 10^exp10 × times base units.
// The decimal part is kept apart so that it can be applied to the digits as
// written, before they are rounded to binary.
type unit struct {
	dim   dimension
	exp10 int
	times float64
}

// lookup reads a unit such as "GiB", "Gb/s" or "pJ/FLOP".
func lookup(text string) (unit, bool) {
	switch text {
	case "min":
		return unit{duration, 0, secondsPerMinute}, true
	case "h":
		return unit{duration, 0, secondsPerHour}, true
	}
	if stem, ok := strings.CutSuffix(text, "ps"); ok && stem != "" && strings.Contains("bB", stem[len(stem)-1:]) {
		text = stem + "/s" // Gbps, GBps
	}
	counted, _, _ := strings.Cut(text, "/")
	per := text[len(counted):] // "/s", or nothing
	for _, base := range bases() {
		prefix, ok := strings.CutSuffix(counted, base)
		if !ok {
			continue
		}
		u, ok := dimensionOf(base, per)
		if !ok {
			continue
		}
		exp10, times, ok := scale(prefix, base)
		if ok {
			return unit{u.dim, exp10, u.times * times}, true
		}
	}
	return unit{}, false
}

const (
	secondsPerMinute = 60
	secondsPerHour   = 3600
	bitsPerByte      = 8
)

func bases() []string {
	return []string{"tokens", "token", "FLOPS", "FLOP", "tok", "bit", "Wh", "B", "b", "W", "J", "s"}
}

// dimensionOf names what a base unit with its "/s" measures and its size in base units.
func dimensionOf(base, per string) (unit, bool) {
	switch base + per {
	case "B":
		return unit{memory, 0, 1}, true
	case "b", "bit":
		return unit{bits, 0, 1}, true
	case "B/s":
		return unit{bandwidth, 0, 1}, true
	case "b/s", "bit/s":
		return unit{bandwidth, 0, 1.0 / bitsPerByte}, true
	case "FLOP":
		return unit{flops, 0, 1}, true
	case "FLOPS", "FLOP/s":
		return unit{computeRate, 0, 1}, true
	case "W":
		return unit{power, 0, 1}, true
	case "J":
		return unit{energy, 0, 1}, true
	case "Wh":
		return unit{energy, 0, secondsPerHour}, true
	case "s":
		return unit{duration, 0, 1}, true
	case "tok", "token", "tokens":
		return unit{tokens, 0, 1}, true
	case "tok/s", "token/s", "tokens/s":
		return unit{tokenRate, 0, 1}, true
	case "J/FLOP":
		return unit{energyPerFLOP, 0, 1}, true
	case "J/B":
		return unit{energyPerByte, 0, 1}, true
	case "J/b", "J/bit":
		return unit{energyPerByte, 0, bitsPerByte}, true
	}
	return unit{}, false
}

// scale reads a prefix, where the base unit can have it.
func scale(prefix, base string) (exp10 int, times float64, ok bool) {
	if prefix == "" {
		return 0, 1, true
	}
	isData := slices.Contains([]string{"B", "b", "bit"}, base)
	if binary, found := strings.CutSuffix(prefix, "i"); found {
		i := strings.Index("KMGTPE", binary)
		return 0, float64(uint64(1) << (10 * (i + 1))), isData && len(binary) == 1 && i >= 0
	}
	if prefix == "K" && isData {
		return 3, 1, true
	}
	switch prefix {
	case "k", "M", "G", "T", "P", "E":
		return 3 * (1 + strings.Index("kMGTPE", prefix)), 1, base != "s"
	}
	small := slices.Contains([]string{"W", "J", "s"}, base)
	switch prefix {
	case "m":
		return -3, 1, small
	case "u", "µ", "μ": // the micro sign and the Greek letter
		return -6, 1, small
	case "n":
		return -9, 1, small
	case "p":
		return -12, 1, small
	case "f":
		return -15, 1, small
	}
	return 0, 0, false
}
