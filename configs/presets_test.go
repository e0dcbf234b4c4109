package configs

import (
	"io/fs"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs/tree"
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

func TestEveryPresetDescribesItself(t *testing.T) {
	library := Presets()
	for _, kind := range library.KindNames() {
		for _, name := range library.Names(kind) {
			d, err := library.Describe(kind, name)
			require.NoError(t, err)
			require.NotEmpty(t, d.Comment, "%s has no opening comment", d.File)
			if kind != "factors" && len(d.Sources) > 0 { // presets without numbers of their own have none
				require.True(t, slices.ContainsFunc(d.Sources, func(o tree.Origin) bool { return o.Source != "" }), d.File)
			}
		}
	}
}
