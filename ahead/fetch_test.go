package ahead_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/ahead"
)

// What is fetched is as it was, and memory that is nobody's is no fault.
func TestFetchChangesNothing(t *testing.T) {
	list := make([]int32, 1000)
	for i := range list {
		list[i] = int32(i)
	}
	for i := range list {
		ahead.Fetch(&list[i])
	}
	for i := range list {
		require.EqualValues(t, i, list[i])
	}
	ahead.Fetch(nil)
	require.Zero(t, testing.AllocsPerRun(10, func() { ahead.Fetch(&list[7]) }))
}
