package analytic

import (
	"math/bits"
	"sort"
)

// histogram counts prompts or chunks in bins by their tokens, from the smallest to
// the largest. Of what lies in a bin the sums are exact.
type histogram []bin

// bin is so many prompts or chunks with what they add up to.
type bin struct {
	count float64
	piece
}

// binBits is how fine bins are: up to 2^(binBits+1) tokens each number has its own,
// beyond they are a 256th of their tokens wide.
const binBits = 8

// binOf is the place of the bin that a number of tokens lies in.
func binOf(tokens int) int {
	shift := max(0, bits.Len(uint(tokens))-binBits-1)
	return shift<<binBits + tokens>>shift
}

// least is the smallest number of tokens of the bin at a place.
func least(at int) float64 {
	shift := max(0, at>>binBits-1)
	return float64((at - shift<<binBits) << shift)
}

func (h *histogram) add(tokens, behind float64) {
	at := binOf(int(tokens))
	for len(*h) <= at {
		*h = append(*h, bin{})
	}
	(*h)[at].plus(bin{1, piece{tokens, behind}}, 1)
}

func (b *bin) plus(o bin, times float64) {
	b.count += times * o.count
	b.add(o.piece, times)
}

// cumulated are the sums of the bins before each, and of all, when bins of two
// histograms count by a weight each.
func cumulated(of [ofACall]histogram, weights [ofACall]float64) histogram {
	sums := make(histogram, max(len(of[found]), len(of[missed]))+1)
	for at := range len(sums) - 1 {
		sums[at+1] = sums[at]
		for i, h := range of {
			if at < len(h) {
				sums[at+1].plus(h[at], weights[i])
			}
		}
	}
	return sums
}

// all is the last of cumulated sums.
func (h histogram) all() *bin { return &h[len(h)-1] }

// upTo is the sum of the n smallest, of cumulated sums. Within a bin all count as
// alike.
func (h histogram) upTo(n float64) piece {
	at := sort.Search(len(h)-1, func(i int) bool { return h[i+1].count > n })
	sum := h[at].piece
	if at < len(h)-1 {
		share := (n - h[at].count) / (h[at+1].count - h[at].count)
		sum.add(h[at+1].piece, share)
		sum.add(h[at].piece, -share)
	}
	return sum
}
