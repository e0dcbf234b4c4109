package configs

import (
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every number that ships with the program says where it comes from.
func TestPresetsAreSourced(t *testing.T) {
	require.NoError(t, Presets().Check())
}

// No file is left out because its directory is not a kind.
func TestEveryFileIsAPreset(t *testing.T) {
	library := Presets()
	files, err := fs.Glob(embedded, "*/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		require.Contains(t, library.KindNames(), path.Dir(file), file)
	}
	for _, kind := range library.KindNames() {
		require.NotEmpty(t, library.Names(kind), kind)
	}
}

func TestDescribe(t *testing.T) {
	library := testLibrary()
	require.Equal(t, []string{"chips", "racks", "tunings"}, library.KindNames())
	require.Equal(t, []string{"big", "small"}, library.Names("chips"))
	require.Empty(t, library.Names("cables"))

	d, err := library.Describe("racks", "big-rack")
	require.NoError(t, err)
	require.Equal(t, Description{
		Kind: "racks", Name: "big-rack", File: "lib/racks/big-rack.yaml", Comment: "A big rack, of big chips.",
		Sources: []Origin{
			{Path: "chips", Basis: "vendor", Source: "data sheet"},
			{Path: "trays", Basis: "assumed", Source: "photo", Range: [2]float64{0.5, 2}},
		},
	}, d)
	_, err = library.Describe("racks", "huge-rack")
	require.EqualError(t, err, "huge-rack: unknown rack, did you mean big-rack? (known: big-rack, small-rack)")
	_, err = library.Describe("cables", "x")
	require.EqualError(t, err, "cables: unknown kind (known: chips, racks, tunings)")
}

func TestEveryPresetDescribesItself(t *testing.T) {
	library := Presets()
	for _, kind := range library.KindNames() {
		for _, name := range library.Names(kind) {
			d, err := library.Describe(kind, name)
			require.NoError(t, err)
			require.NotEmpty(t, d.Comment, "%s has no opening comment", d.File)
			if kind != "factors" && len(d.Sources) > 0 { // presets without numbers of their own have none
				require.True(t, slices.ContainsFunc(d.Sources, func(o Origin) bool { return o.Source != "" }), d.File)
			}
		}
	}
}
