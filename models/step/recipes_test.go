package step

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What recipes set, by hand.
func TestRecipesByHand(t *testing.T) {
	whole := Recipes{Budget: 8192, LongBudget: 16384, Whole: true}
	require.Equal(t, 8192, whole.BudgetFor(1024))
	require.Equal(t, 32768, whole.BudgetFor(32768), "a prompt is not split")
	require.Equal(t, 16384, whole.BudgetFor(0), "contexts are long")
	split := Recipes{Budget: 16384}
	require.Equal(t, 16384, split.BudgetFor(32768))
	poll := PollRecipe{Few: 10, From: 16, Many: 30, Until: "2026-06-01"}
	require.Equal(t, 10, poll.At(15, "2026-05-31"))
	require.Equal(t, 30, poll.At(16, ""))
	require.Zero(t, poll.At(16, "2026-06-01"))
	require.Zero(t, new(PollRecipe).At(4, ""))
	require.NoError(t, whole.Validate())
	require.ErrorContains(t, (&Recipes{Budget: -1}).Validate(), "budget")
	require.ErrorContains(t, (&Recipes{KV: "odd"}).Validate(), "kv")
}

// An era is a range of versions, or the days before one; words are no version.
func TestErasByHand(t *testing.T) {
	versions, days := Era{From: "0.20", Before: "0.22"}, Era{Until: "2026-05-01"}
	require.True(t, versions.Holds("0.21.0", "2026-09-01"))
	require.True(t, versions.Holds("0.20", ""))
	require.False(t, versions.Holds("0.22.0", ""))
	require.False(t, versions.Holds("0.19.1", ""))
	require.False(t, versions.Holds("nightly-0.21", "2026-01-01"))
	require.True(t, days.Holds("1.3.0rc20", "2026-04-30"))
	require.False(t, days.Holds("", "2026-05-01"))
	require.False(t, days.Holds("", ""))
	require.False(t, new(Era).Holds("0.21", "2026-01-01"))
}
