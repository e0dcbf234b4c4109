package sim

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// naive is the kernel as one would explain it: a list, sorted before every
// event, from which cancelled events are deleted at once.
type naive struct {
	now     Time
	pending []naiveEvent
}

type naiveEvent struct {
	at    Time
	phase Phase
	id    int // also the order of scheduling
}

func (n *naive) cancel(id int) bool {
	before := len(n.pending)
	n.pending = slices.DeleteFunc(n.pending, func(e naiveEvent) bool { return e.id == id })
	return len(n.pending) < before
}

func (n *naive) step() (naiveEvent, bool) {
	if len(n.pending) == 0 {
		return naiveEvent{}, false
	}
	slices.SortFunc(n.pending, func(a, b naiveEvent) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.phase, b.phase), cmp.Compare(a.id, b.id))
	})
	e := n.pending[0]
	n.pending = n.pending[1:]
	n.now = e.at
	return e, true
}

func TestKernelAgreesWithTheNaiveOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, oracle := New(Options{}), &naive{}
		ran := -1
		var kinds []*Kind[int]
		for p := range phases {
			kinds = append(kinds, NewKind(s, p.String(), p, func(id int) error {
				ran = id
				return nil
			}))
		}
		var timers []Timer
		t.Repeat(map[string]func(*rapid.T){
			"schedule": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "burst") {
					at := s.Now() + 1 + Time(rapid.IntRange(0, 8).Draw(t, "delay"))
					p := Phase(rapid.IntRange(0, int(phases)-1).Draw(t, "phase"))
					oracle.pending = append(oracle.pending, naiveEvent{at, p, len(timers)})
					timers = append(timers, kinds[p].At(at, len(timers)))
				}
			},
			"cancel": func(t *rapid.T) {
				from := rapid.IntRange(0, len(timers)).Draw(t, "from")
				stride := rapid.IntRange(1, 3).Draw(t, "stride")
				for id := from; id < len(timers); id += stride {
					require.Equal(t, oracle.cancel(id), timers[id].Cancel())
				}
			},
			"step": func(t *rapid.T) {
				want, some := oracle.step()
				ok, err := s.Step()
				require.NoError(t, err)
				require.Equal(t, some, ok)
				if some {
					require.Equal(t, want.id, ran)
				}
			},
			"": func(t *rapid.T) {
				require.Equal(t, oracle.now, s.Now())
				require.Equal(t, len(oracle.pending), s.Pending())
			},
		})
	})
}
