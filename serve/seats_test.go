package serve

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The rank with the least load is the one that a look at each would find, whatever
// changes, and whoever is taken out of service.
func TestTheLeastLoadedSeatIsTheOneThatALookAtEachFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		each := rapid.IntRange(1, 3).Draw(t, "ranks of a worker")
		all := make([]*worker, rapid.IntRange(1, 9).Draw(t, "workers"))
		for id := range all {
			all[id] = &worker{replica: replica{id: id, ranks: make([]rank, each)}}
		}
		e := entrance{flight: &flight{policy: policy{affine: true}}, workers: all, all: all}
		e.open()
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			r := &all[rapid.IntRange(0, len(all)-1).Draw(t, "worker")].ranks[rapid.IntRange(0, each-1).Draw(t, "rank")]
			switch rapid.IntRange(0, 9).Draw(t, "change") {
			case 0:
				e.workers = nil
				for _, w := range all {
					if rapid.Bool().Draw(t, "serves") {
						e.workers = append(e.workers, w)
					}
				}
				e.open()
			case 1, 2, 3, 4:
				r.wait(rapid.IntRange(-1, 1).Draw(t, "tokens"))
			default:
				r.house(rapid.IntRange(-1, 1).Draw(t, "sessions"))
			}
			if len(e.workers) > 0 {
				want := e.least(func(_ *worker, r *rank) (int, int) { return r.homes, r.queued })
				require.Equal(t, want, e.seats.least())
			}
		}
	})
}
