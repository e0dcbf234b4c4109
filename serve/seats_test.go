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
		e := entrance{flight: &flight{policy: policy{affine: true, queues: true}}, workers: all, all: all}
		e.open()
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			r := &all[rapid.IntRange(0, len(all)-1).Draw(t, "worker")].ranks[rapid.IntRange(0, each-1).Draw(t, "rank")]
			switch rapid.IntRange(0, 12).Draw(t, "change") {
			case 0:
				e.workers = nil
				for _, w := range all {
					if rapid.Bool().Draw(t, "serves") {
						e.workers = append(e.workers, w)
					}
				}
				e.open()
			case 1, 2, 3:
				r.run(rapid.IntRange(-1, 1).Draw(t, "calls"))
			case 4:
				r.enqueue(0, rapid.IntRange(0, 1).Draw(t, "prompt"))
			case 5, 6, 7, 8:
				r.wait(rapid.IntRange(-1, 1).Draw(t, "tokens"))
			default:
				r.house(rapid.IntRange(-1, 1).Draw(t, "sessions"))
			}
			if len(e.workers) > 0 {
				require.Equal(t, e.least(func(r *rank) load { return load{r.homes, r.queued} }), e.homes.least())
				require.Equal(t, e.least(func(r *rank) load { return load{r.queued, r.running + r.queue.n} }), e.queues.least())
			}
		}
	})
}
