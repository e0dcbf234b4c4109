package kvcache

import (
	"fmt"

	"agentsim/units"
)

// Link is a wire whose rate is shared equally among the transfers on it
// (modelling.md 3.5). It counts served, the bytes that a transfer present from
// the start would have had; a transfer ends when that has grown by its size,
// so that nothing is touched between arrivals and ends.
type Link struct {
	rate      float64 // bytes/s
	now       float64 // up to which served is current
	served    float64
	transfers []transfer // heap, earliest end first
	started   uint64
}

type transfer struct {
	end    float64 // value of served at which it is complete
	number uint64  // ties go to the first started
	id     uint32
}

// NewLink returns an idle link.
func NewLink(rate units.ByteRate) (*Link, error) {
	if err := positive("rate", rate); err != nil {
		return nil, err
	}
	return &Link{rate: float64(rate)}, nil
}

// Active counts the transfers under way.
func (l *Link) Active() int { return len(l.transfers) }

// Start puts a transfer of so many bytes on the link. Latency is the caller's:
// start the transfer that much later. Next changes with every Start.
func (l *Link) Start(now float64, id uint32, bytes float64) {
	l.advance(now)
	if len(l.transfers) == 0 {
		l.served = 0 // keeps the sum small, hence exact, over long runs
	}
	l.started++
	l.push(transfer{end: l.served + max(bytes, 0), number: l.started, id: id})
}

// Next is when the first transfer under way will end if nothing else starts;
// false when the link is idle.
func (l *Link) Next() (float64, bool) {
	if len(l.transfers) == 0 {
		return 0, false
	}
	left := max(l.transfers[0].end-l.served, 0)
	return l.now + left*float64(len(l.transfers))/l.rate, true
}

// tickSeconds is the clock's grain: a transfer within it of its end has ended.
const tickSeconds = 1e-9

// Finish takes one transfer off the link that has ended by now; false when
// none has. Call it until then, as several may end at once.
func (l *Link) Finish(now float64) (id uint32, ok bool) {
	l.advance(now)
	next, busy := l.Next()
	if !busy || next > now+tickSeconds {
		return 0, false
	}
	return l.pop().id, true
}

// advance serves all transfers up to now.
func (l *Link) advance(now float64) {
	if now < l.now {
		panic(fmt.Sprintf("kvcache: link asked about %v s, after %v s", now, l.now))
	}
	if n := len(l.transfers); n > 0 {
		l.served += (now - l.now) * l.rate / float64(n)
	}
	l.now = now
}

func (t transfer) before(u transfer) bool {
	if t.end != u.end {
		return t.end < u.end
	}
	return t.number < u.number
}

func (l *Link) push(t transfer) {
	l.transfers = append(l.transfers, t)
	h := l.transfers
	at := len(h) - 1
	for at > 0 && h[at].before(h[(at-1)/2]) {
		h[at], h[(at-1)/2] = h[(at-1)/2], h[at]
		at = (at - 1) / 2
	}
}

func (l *Link) pop() transfer {
	h := l.transfers
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	l.transfers = h
	for at := 0; ; {
		least := at
		for child := 2*at + 1; child <= 2*at+2 && child < last; child++ {
			if h[child].before(h[least]) {
				least = child
			}
		}
		if least == at {
			return first
		}
		h[at], h[least] = h[least], h[at]
		at = least
	}
}

// Decide reports whether to reload cache entries rather than recompute them.
func Decide(reloadSeconds, recomputeSeconds float64) bool {
	return reloadSeconds < recomputeSeconds
}
