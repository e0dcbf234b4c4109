package readers

import "math"

// blockSize finds the tokens of a block where a format does not tell: prompts
// of so many tokens in so many blocks allow a range of sizes, which every row
// narrows.
type blockSize struct {
	low, high int // sizes that all rows allow if the last block is a started one; 0 = no row yet
	usual     int // preferred if it fits
}

// see narrows the range by a row.
func (b *blockSize) see(input, blocks int) {
	if blocks < 1 || input < 1 {
		return
	}
	low, high := (input+blocks-1)/blocks, math.MaxInt32
	if blocks > 1 {
		high = (input - 1) / (blocks - 1)
	}
	if b.high == 0 {
		b.high = math.MaxInt32
	}
	if max(b.low, low) <= min(b.high, high) { // a row that fits no size is told about where it is placed
		b.low, b.high = max(b.low, low), min(b.high, high)
	}
}

// size returns the usual size if the rows allow it, or else a power of two, or
// else the smallest size that they do.
func (b *blockSize) size() int {
	if b.high == 0 || b.low <= b.usual && b.usual <= b.high {
		return b.usual
	}
	for size := 1; size <= b.high; size *= 2 {
		if size >= b.low {
			return size
		}
	}
	return b.low
}

// fits reports whether a prompt has that many blocks of a size, the last one
// whole or started.
func fits(input, blocks, size int) bool {
	return blocks == 0 || blocks >= input/size && blocks <= (input+size-1)/size
}
