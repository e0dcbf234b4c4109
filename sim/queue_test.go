package sim

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQueuePopsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOf(rapid.Int64Range(0, 20)).Draw(t, "times")
		var q queue
		var want []entry
		for i, at := range times {
			e := entry{at: Time(at), key: uint64(i + 1)}
			q.push(e)
			want = append(want, e)
		}
		slices.SortFunc(want, func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.key, b.key))
		})
		for _, e := range want {
			require.Equal(t, e, q[0])
			q.pop()
		}
		require.Empty(t, q)
	})
}

func TestHeapifyOrdersAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOf(rapid.Int64Range(0, 1000)).Draw(t, "times")
		q := queue{}
		for i, at := range times {
			q = append(q, entry{at: Time(at), key: uint64(i + 1)})
		}
		q.heapify()
		for i := 1; i < len(q); i++ {
			require.False(t, q[i].before(q[(i-1)/arity]), "entry %d precedes its parent", i)
		}
	})
}

// The hold model keeps the number of pending events constant: run one, schedule
// one. It is the usual measure of an event queue.
func BenchmarkHold(b *testing.B) {
	for _, pending := range []int{1_000, 16_000, 1_000_000} {
		b.Run(fmt.Sprintf("pending=%d", pending), func(b *testing.B) {
			hold := newHold(pending)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = hold.Step()
			}
		})
	}
}

// BenchmarkHoldRatio runs the same hold model on the usual design, pointer
// events behind an interface in a container/heap, and reports how many times
// longer an event takes there.
func BenchmarkHoldRatio(b *testing.B) {
	const pending = 16_000
	hold, boxed := newHold(pending), newBoxedHold(pending)
	var ours, theirs time.Duration
	const batch = 1000
	for b.Loop() {
		start := time.Now()
		for range batch {
			_, _ = hold.Step()
		}
		ours += time.Since(start)
		start = time.Now()
		for range batch {
			boxed.step()
		}
		theirs += time.Since(start)
	}
	b.ReportMetric(float64(ours)/float64(b.N*batch), "ns/event")
	b.ReportMetric(float64(theirs)/float64(b.N*batch), "ns/boxed-event")
	b.ReportMetric(float64(theirs)/float64(ours), "ratio")
}

// holdPayload is of the size that an event of a model typically carries.
type holdPayload [3]uint32

// nextGap is nine short gaps to one long one, as service times against pauses.
func nextGap(u uint64) Time {
	if u%10 == 0 {
		return Time(u >> 8 % uint64(120*Second))
	}
	return Time(u >> 8 % uint64(40*Millisecond))
}

func newHold(pending int) *Simulation {
	s := New(Options{})
	r := Stream(1, "hold")
	var k *Kind[holdPayload]
	k = NewKind(s, "hold", Complete, func(p holdPayload) error {
		k.After(nextGap(r.Uint64())+1, p)
		return nil
	})
	for i := range pending {
		k.At(nextGap(r.Uint64()), holdPayload{uint32(i)})
	}
	return s
}

type boxedEvent interface {
	At() Time
	Execute(*boxedHold)
}

type boxedHoldEvent struct {
	at Time
	p  holdPayload
}

func (e *boxedHoldEvent) At() Time { return e.at }

func (e *boxedHoldEvent) Execute(h *boxedHold) {
	h.push(&boxedHoldEvent{at: e.at + nextGap(h.random()) + 1, p: e.p})
}

type boxedItem struct {
	event    boxedEvent
	sequence uint64
}

type boxedQueue []boxedItem

func (q boxedQueue) Len() int      { return len(q) }
func (q boxedQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q boxedQueue) Less(i, j int) bool {
	if q[i].event.At() != q[j].event.At() {
		return q[i].event.At() < q[j].event.At()
	}
	return q[i].sequence < q[j].sequence
}
func (q *boxedQueue) Push(x any) { *q = append(*q, x.(boxedItem)) }
func (q *boxedQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

type boxedHold struct {
	queue    boxedQueue
	sequence uint64
	random   func() uint64
}

func (h *boxedHold) push(e boxedEvent) {
	h.sequence++
	heap.Push(&h.queue, boxedItem{e, h.sequence})
}

func (h *boxedHold) step() { heap.Pop(&h.queue).(boxedItem).event.Execute(h) }

func newBoxedHold(pending int) *boxedHold {
	r := Stream(1, "hold")
	h := &boxedHold{random: r.Uint64}
	for i := range pending {
		h.push(&boxedHoldEvent{at: nextGap(r.Uint64()), p: holdPayload{uint32(i)}})
	}
	return h
}
