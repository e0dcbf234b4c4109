package moe

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Many who ask for one configuration at once get one table, and it is the one
// that Tabulate makes.
func TestTablesAreMadeOnce(t *testing.T) {
	var tables Tables
	s := v4(0.6, 8, Contiguous, 0)
	want, err := Tabulate(s)
	require.NoError(t, err)
	got := make([]*Table, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i], _ = tables.Tabulate(s) })
	}
	all.Wait()
	for _, g := range got {
		require.Same(t, got[0], g)
	}
	require.Equal(t, want, got[0])
	other := s
	other.Seed++
	table, err := tables.Tabulate(other)
	require.NoError(t, err)
	require.NotEqual(t, want.nodes, table.nodes)
	_, err = tables.Tabulate(Spec{})
	require.Error(t, err)
}

// A histogram goes by its counts, not by where it lies; none is not an empty one.
func TestTablesGoByContent(t *testing.T) {
	var tables Tables
	spec := func(counts ...float64) Spec {
		return Spec{Experts: 4, TopK: 2, Ranks: 2, Domains: 1,
			Popularity: Popularity{Kind: FromHistogram, Histogram: &Histogram{counts}}, Placement: Placement{Kind: Contiguous}}
	}
	a, err := tables.Tabulate(spec(1, 2, 3, 4))
	require.NoError(t, err)
	b, err := tables.Tabulate(spec(1, 2, 3, 4))
	require.NoError(t, err)
	require.Same(t, a, b)
	c, err := tables.Tabulate(spec(1, 2, 3, math.Nextafter(4, 5)))
	require.NoError(t, err)
	require.NotSame(t, a, c)
	require.NotEqual(t, (*Histogram)(nil).content(), (&Histogram{}).content())
}

// What is kept is bounded.
func TestTablesAreBounded(t *testing.T) {
	var tables Tables
	for seed := range uint64(tablesMax + 10) {
		tables.at(Spec{Seed: seed})
	}
	require.Len(t, tables.kept, 10)
}
