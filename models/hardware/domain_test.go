package hardware

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A load is beyond a table by the axis where it is furthest out.
func TestBeyondADomain(t *testing.T) {
	var d *Domain
	require.Equal(t, 1.0, d.Beyond(Load{Rows: 1e9}), "of no table")
	d = &Domain{}
	d.Include(Load{Rows: 4, Context: 100})
	d.Include(Load{Rows: 1024, Context: 8192})
	require.Equal(t, Domain{Rows: [2]float64{4, 1024}, Context: [2]float64{100, 8192}}, *d)
	require.Equal(t, 1.0, d.Beyond(Load{Rows: 1, Context: 50}), "below is the floor")
	require.Equal(t, 1.0, d.Beyond(Load{Rows: 1024, Context: 8192}))
	require.Equal(t, 4.0, d.Beyond(Load{Rows: 2048, Context: 32768}))
	require.Equal(t, 2.0, d.Beyond(Load{Rows: 2048, Bytes: 1e9}), "the operator has no link")
}
