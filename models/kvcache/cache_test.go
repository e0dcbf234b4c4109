package kvcache

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a pool of 100 blocks of 10 tokens at 2 bytes a token.
func small() Spec {
	return Spec{Capacity: 2000, BlockTokens: 10, BytesPerToken: 2}
}

func mustNew(t testing.TB, spec Spec) *Cache {
	t.Helper()
	c, err := New(spec)
	require.NoError(t, err)
	return c
}

func TestATurnLeavesItsContextInWholeBlocks(t *testing.T) {
	c := mustNew(t, small())
	hit, ok := c.Admit(0, Request{Session: 3, Prompt: 105, Reserve: 20})
	require.True(t, ok)
	require.Zero(t, hit.Tokens)
	require.EqualValues(t, 13*20, c.Used(), "125 tokens take 13 blocks")

	c.Release(1, 3, 118)
	require.EqualValues(t, 11*20, c.Used(), "118 tokens leave 11 whole blocks")
	require.Equal(t, 110, c.Lookup(Request{Session: 3, Prompt: 300, Common: 118}).Tokens)
	require.Equal(t, 80, c.Lookup(Request{Session: 3, Prompt: 300, Common: 89}).Tokens)
	require.Equal(t, 100, c.Lookup(Request{Session: 3, Prompt: 110, Common: 110}).Tokens,
		"the last token of a prompt is always computed")
}

func TestSharedPrefixIsStoredOnce(t *testing.T) {
	c := mustNew(t, small())
	_, ok := c.Admit(0, Request{Session: 0, Prompt: 100, Shared: 45})
	require.True(t, ok)
	require.Zero(t, c.Lookup(Request{Session: 1, Prompt: 100, Shared: 45}).Tokens, "not computed yet")
	c.Release(1, 0, 100)

	hit, ok := c.Admit(2, Request{Session: 1, Prompt: 80, Shared: 45})
	require.True(t, ok)
	require.Equal(t, 40, hit.Tokens)
	require.EqualValues(t, (10+4)*20, c.Used(), "4 shared blocks counted once")
}

func TestAdmitEvictsFromTheEndOfTheLongestUnused(t *testing.T) {
	c := mustNew(t, small())
	for s := range SessionID(2) {
		_, ok := c.Admit(float64(s), Request{Session: s, Prompt: 500})
		require.True(t, ok)
		c.Release(float64(s), s, 500)
	}
	require.Zero(t, c.Free())
	_, ok := c.Admit(2, Request{Session: 2, Prompt: 200})
	require.True(t, ok)
	require.Equal(t, 300, c.Lookup(Request{Session: 0, Prompt: 600, Common: 500}).Tokens)
	require.Equal(t, 500, c.Lookup(Request{Session: 1, Prompt: 600, Common: 500}).Tokens)

	_, ok = c.Admit(3, Request{Session: 3, Prompt: 810})
	require.False(t, ok, "session 2 runs and keeps its 20 blocks")
	require.EqualValues(t, 1000/10, c.Used()/20, "a refusal changes nothing")
	require.True(t, c.Fits(1000))
	require.False(t, c.Fits(1001))
}
