package sim

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Stream returns the random stream of one purpose: the run's seed, a name such
// as "arrivals", and the numbers of the entity it belongs to. Equal keys give
// equal streams; different keys give streams without any relation, since each
// starts at its own hashed point of a cycle of length 2^128.
func Stream(seed uint64, name string, entity ...uint64) *rand.Rand {
	var pcg rand.PCG
	Rekey(&pcg, seed, name, entity...)
	return rand.New(&pcg)
}

// Stream is the package's Stream with the simulation's seed.
func (s *Simulation) Stream(name string, entity ...uint64) *rand.Rand {
	return Stream(s.options.Seed, name, entity...)
}

// Rekey sets pcg to the start of the stream that Stream would return. It does
// not allocate, so that one generator can serve many entities in turn.
func Rekey(pcg *rand.PCG, seed uint64, name string, entity ...uint64) {
	h := hash128{hi: golden, lo: ^golden}
	h.absorb(seed)
	h.absorbString(name)
	h.absorb(uint64(len(entity)))
	for _, id := range entity {
		h.absorb(id)
	}
	pcg.Seed(h.hi, h.lo)
}

// golden is 2^64 divided by the golden ratio, an odd number without structure
// (Knuth, The Art of Computer Programming, vol. 3, section 6.4).
const golden uint64 = 0x9e3779b97f4a7c15

// hash128 is two 64-bit hash chains of which the second also runs over the
// states of the first.
type hash128 struct{ hi, lo uint64 }

func (h *hash128) absorb(v uint64) {
	h.hi = scramble(h.hi ^ v)
	h.lo = scramble(h.lo + bits.RotateLeft64(v, 32) + h.hi)
}

func (h *hash128) absorbString(s string) {
	h.absorb(uint64(len(s)))
	for len(s) > 0 {
		var word [8]byte
		s = s[copy(word[:], s):]
		h.absorb(binary.LittleEndian.Uint64(word[:]))
	}
}

// scramble is a bijection in which every input bit moves every output bit: the
// finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014; variant 13).
func scramble(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mix folds v into the fingerprint h. It is a bijection of either argument, so
// one differing event is never lost by the folding itself.
func mix(h, v uint64) uint64 {
	h = (h ^ v) * golden
	return h ^ h>>32
}

// hashName turns a kind's name into its part of the fingerprint.
func hashName(name string) uint64 {
	h := hash128{}
	h.absorbString(name)
	return h.lo
}
