package kvcache

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAForkBeginsWithWhatItsParentHolds(t *testing.T) {
	c := mustNew(t, small())
	fork := Request{Session: 7, Prompt: 300, From: 3, Inherited: 95}
	require.Zero(t, c.Lookup(fork).Tokens, "nobody holds anything")
	_, ok := c.Admit(0, Request{Session: 3, Prompt: 105})
	require.True(t, ok)
	require.Zero(t, c.Lookup(fork).Tokens, "not computed yet")
	c.Release(1, 3, 105)

	hit, ok := c.Admit(2, fork)
	require.True(t, ok)
	require.Equal(t, Hit{Tokens: 90, Levels: [Levels]int{90}}, hit, "9 whole blocks, ready in HBM")
	require.EqualValues(t, (10+30)*20, c.Used(), "the fork has blocks of its own")
	c.Release(3, 7, 300)
	require.Equal(t, 300, c.Lookup(Request{Session: 7, Prompt: 400, Common: 300}).Tokens)
	require.Equal(t, 100, c.Lookup(Request{Session: 3, Prompt: 400, Common: 105}).Tokens, "the parent keeps what it has")

	all := Request{Session: 8, Prompt: 40, From: 3, Inherited: 40}
	require.Equal(t, 30, c.Lookup(all).Tokens, "the last token of a prompt is always computed")
	c.Drop(3)
	require.Zero(t, c.Lookup(all).Tokens)
	c.Drop(7)
	require.Zero(t, c.Used())
}

// What eviction has left of the parent is found, and no more.
func TestAForkOfAnEvictedParent(t *testing.T) {
	c := mustNew(t, small())
	for s := range SessionID(2) {
		_, ok := c.Admit(float64(s), Request{Session: s, Prompt: 500})
		require.True(t, ok)
		c.Release(float64(s), s, 500)
	}
	hit, ok := c.Admit(2, Request{Session: 2, Prompt: 600, From: 0, Inherited: 400})
	require.True(t, ok)
	require.Equal(t, 400, hit.Tokens)
	require.Zero(t, c.Lookup(Request{Session: 3, Prompt: 600, From: 0, Inherited: 400}).Tokens)
}
