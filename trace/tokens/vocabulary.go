//go:build !js

package tokens

import (
	_ "embed"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// packed is the vocabulary in the order of its ranks: of every token its length,
// one byte, and its bytes.
//
//go:embed o200k_base.zst
var packed []byte

// vocabulary has the rank of every token. Byte-pair encoding merges first what
// has the lowest.
type vocabulary map[string]uint32

func unpack(packed []byte) (vocabulary, error) {
	const tokens = 200_000
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("the vocabulary: %w", err)
	}
	v, text := make(vocabulary, tokens), string(data)
	for len(text) > 0 {
		n := 1 + int(text[0])
		if n > len(text) {
			return nil, fmt.Errorf("the vocabulary ends inside its token %d", len(v))
		}
		v[text[1:n]] = uint32(len(v))
		text = text[n:]
	}
	return v, nil
}

// unmerged is the rank of what is no token.
const unmerged = math.MaxUint32

// rank of a token.
func (v vocabulary) rank(token []byte) uint32 {
	if rank, ok := v[string(token)]; ok {
		return rank
	}
	return unmerged
}

// count is the number of tokens of a word: from single bytes on, the neighbours
// that make the token of the lowest rank are merged, the first of several, until
// none are left that make one.
func (v vocabulary) count(word []byte) int {
	if _, whole := v[string(word)]; whole {
		return 1
	}
	m := merging{vocabulary: v, word: word, parts: make([]part, len(word)+1)}
	for i := range m.parts {
		m.parts[i] = part{before: i - 1, after: i + 1}
	}
	for i := range len(word) - 1 {
		m.offer(i)
	}
	n := len(word)
	for len(m.heap) > 0 {
		if m.merge(m.pop()) {
			n--
		}
	}
	return n
}

// merging is a word on its way from bytes to tokens. A part is known by where it
// begins; the last one is the word's end.
type merging struct {
	vocabulary
	word  []byte
	parts []part
	heap  []pair // pairs that make a token, those that there are no more among them
}

// part is one token of a word so far: where its neighbours begin.
type part struct {
	before, after int
	merged        bool // into the one before it
}

// pair is a part with the one after it.
type pair struct{ rank, begin, end int }

// offer puts the pair that begins there into the heap, if it makes a token.
func (m *merging) offer(begin int) {
	middle := m.parts[begin].after
	if middle >= len(m.word) {
		return
	}
	end := m.parts[middle].after
	if rank := m.rank(m.word[begin:end]); rank != unmerged {
		m.push(pair{int(rank), begin, end})
	}
}

// merge makes one part of a pair, unless one of the two has changed since.
func (m *merging) merge(p pair) bool {
	first := &m.parts[p.begin]
	middle := first.after
	if first.merged || middle >= p.end || m.parts[middle].after != p.end {
		return false
	}
	m.parts[middle].merged = true
	first.after = p.end
	m.parts[p.end].before = p.begin
	m.offer(p.begin)
	if first.before >= 0 {
		m.offer(first.before)
	}
	return true
}

// sooner orders pairs by rank, then by place.
func (m *merging) sooner(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	return a.rank < b.rank || a.rank == b.rank && a.begin < b.begin
}

func (m *merging) push(p pair) {
	m.heap = append(m.heap, p)
	for i := len(m.heap) - 1; i > 0 && m.sooner(i, (i-1)/2); i = (i - 1) / 2 {
		m.heap[i], m.heap[(i-1)/2] = m.heap[(i-1)/2], m.heap[i]
	}
}

func (m *merging) pop() pair {
	top, last := m.heap[0], len(m.heap)-1
	m.heap[0] = m.heap[last]
	m.heap = m.heap[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && m.sooner(child+1, child) {
			child++
		}
		if child >= last || !m.sooner(child, i) {
			return top
		}
		m.heap[i], m.heap[child] = m.heap[child], m.heap[i]
		i = child
	}
}
