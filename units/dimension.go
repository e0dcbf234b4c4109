package units

// dimension says what a unit measures.
type dimension int

const (
	memory dimension = iota
	bandwidth
	computeRate
	power
	energy
	duration
	tokenRate
	energyPerFLOP
	energyPerByte

	// Recognised only to say what was written where one of the above belongs.
	bits
	flops
	tokens
)

// String names the dimension with its article: "a power".
func (d dimension) String() string {
	switch d {
	case memory:
		return "a memory size"
	case bandwidth:
		return "a bandwidth"
	case computeRate:
		return "a compute rate"
	case power:
		return "a power"
	case energy:
		return "an energy"
	case duration:
		return "a time"
	case tokenRate:
		return "a token rate"
	case energyPerFLOP:
		return "an energy per FLOP"
	case energyPerByte:
		return "an energy per byte"
	case bits:
		return "a number of bits"
	case flops:
		return "a number of operations"
	case tokens:
		return "a number of tokens"
	}
	return "a quantity"
}

// common is the unit people write most, for the example in an error.
func (d dimension) common() string {
	switch d {
	case memory:
		return "GB"
	case bandwidth:
		return "GB/s"
	case computeRate:
		return "TFLOPS"
	case power:
		return "W"
	case energy:
		return "J"
	case duration:
		return "s"
	case tokenRate:
		return "tok/s"
	case energyPerFLOP:
		return "pJ/FLOP"
	}
	return "pJ/B"
}

// example is a typical value of the dimension.
func (d dimension) example() string {
	switch d {
	case memory:
		return "141GB"
	case bandwidth:
		return "8TB/s"
	case computeRate:
		return "15PFLOPS"
	case power:
		return "1400W"
	case energy:
		return "36kJ"
	case duration:
		return "35ms"
	case tokenRate:
		return "20tok/s"
	case energyPerFLOP:
		return "0.75pJ/FLOP"
	}
	return "6pJ/bit"
}

// accepted lists the units that may be written.
func (d dimension) accepted() string {
	switch d {
	case memory:
		return "B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB"
	case bandwidth:
		return "B/s, kB/s, MB/s, GB/s, TB/s, PB/s, GiB/s, TiB/s and bits as Mb/s, Gb/s, Tb/s, Gbit/s, Gbps"
	case computeRate:
		return "FLOPS, MFLOPS, GFLOPS, TFLOPS, PFLOPS, EFLOPS, or the same as TFLOP/s"
	case power:
		return "mW, W, kW, MW, GW"
	case energy:
		return "pJ, nJ, uJ, mJ, J, kJ, MJ, GJ, Wh, kWh, MWh"
	case duration:
		return "ps, ns, us, ms, s, min, h"
	case tokenRate:
		return "tok/s, ktok/s, Mtok/s"
	case energyPerFLOP:
		return "fJ/FLOP, pJ/FLOP, nJ/FLOP"
	}
	return "fJ/B, pJ/B, nJ/B, fJ/bit, pJ/bit, nJ/bit"
}
