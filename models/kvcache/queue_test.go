package kvcache

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQueueKeepsItsOrderWhenSessionsLeaveFromTheMiddle(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	c := mustNew(t, small())
	var in []SessionID
	for range 5000 {
		id := SessionID(random.IntN(100))
		s := c.slot(id)
		if s.pos[0] != 0 {
			c.dequeue(0, id)
			in = slices.DeleteFunc(in, func(other SessionID) bool { return other == id })
		} else {
			c.releases++
			s.key, s.released = float64(random.IntN(20)), c.releases
			c.enqueue(0, id)
			in = append(in, id)
		}
		require.ElementsMatch(t, in, c.levels[0].queue)
		q := c.levels[0].queue
		for at := 1; at < len(q); at++ {
			require.False(t, c.before(q[at], q[(at-1)/2]), "a parent gives way before its children")
		}
	}
}
