// Package units holds quantities that carry their unit in their type, and
// reads and prints them the way people write them in scenario files.
//
// Inside the simulator every quantity is in its base unit (bytes, seconds,
// watts, FLOP/s); prefixes live only in text.
package units

// The quantities. Each is a float64 in the base unit named beside it.
type (
	// Bytes is an amount of memory, in bytes (GB = 1e9, GiB = 2^30).
	Bytes float64
	// ByteRate is a bandwidth in bytes per second; text may give bits (800Gb/s).
	ByteRate float64
	// FLOPRate is a compute rate in FLOP per second.
	FLOPRate float64
	// Watts is power.
	Watts float64
	// Joules is energy.
	Joules float64
	// Seconds is a span of time.
	Seconds float64
	// TokenRate is tokens per second.
	TokenRate float64
	// JoulesPerFLOP is the energy of one floating-point operation (text: 0.75pJ/FLOP).
	JoulesPerFLOP float64
	// JoulesPerByte is the energy of moving one byte (text: 6pJ/bit or 48pJ/B).
	JoulesPerByte float64
)
