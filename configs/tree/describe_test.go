package tree

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescribe(t *testing.T) {
	library := testLibrary()
	require.Equal(t, []string{"chips", "racks", "tunings"}, library.KindNames())
	require.Equal(t, []string{"big", "small"}, library.Names("chips"))
	require.Empty(t, library.Names("cables"))

	d, err := library.Describe("racks", "big-rack")
	require.NoError(t, err)
	require.Contains(t, d.Values, PresetValue{"big-rack", "trays[1].fans", "60W", "assumed", "photo"})
	d.Values = nil
	require.Equal(t, Description{
		Kind: "racks", Name: "big-rack", File: "lib/racks/big-rack.yaml", Comment: "A big rack, of big chips.",
		Sources: []Origin{
			{Path: "chips", Basis: "vendor", Source: "data sheet"},
			{Path: "trays", Basis: "assumed", Source: "photo", Range: [2]float64{0.5, 2}},
		},
	}, d)
	_, err = library.Describe("racks", "huge-rack")
	require.EqualError(t, err, "huge-rack: unknown rack, did you mean big-rack? (known: big-rack, small-rack)")
	values, err := library.ValuesOf("racks", "trays[1].fans")
	require.NoError(t, err)
	require.Equal(t, []PresetValue{{"big-rack", "trays[1].fans", "60W", "assumed", "photo"}}, values)
	_, err = library.Describe("cables", "x")
	require.EqualError(t, err, "cables: unknown kind (known: chips, racks, tunings)")
}
