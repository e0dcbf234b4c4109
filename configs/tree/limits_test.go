package tree

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A device or a file without end is refused at a limit, not read until the
// memory is full.
func TestFilesAreReadUpToALimit(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long.yaml")
	file, err := os.Create(long)
	require.NoError(t, err)
	require.NoError(t, file.Truncate(3<<30))
	require.NoError(t, file.Close())
	for _, name := range []string{long, "/dev/zero"} {
		if _, err := os.Stat(name); err != nil {
			continue
		}
		_, err := ReadFile(name)
		require.ErrorContains(t, err, "is longer than the 16 MiB that are read", name)
		_, _, err = Load[study](testLibrary(), Source{Name: long, ReadFile: ReadFile}, nil)
		require.ErrorContains(t, err, "is longer than", name)
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	s, _, err := loadText("\uFEFF{name: x, rack: big-rack}")
	require.NoError(t, err)
	require.Equal(t, "x", s.Name)
}

// Whatever is wrong with a file is told at once, each fault with its place.
func TestAllFaultsOfAFileAreTold(t *testing.T) {
	_, _, err := loadText("name: 7\nrack: big-rack\nagnets: 3\npair: [1, x]\n")
	require.ErrorContains(t, err, "name 7: want text")
	require.ErrorContains(t, err, "agnets: unknown key, did you mean agents?")
	require.ErrorContains(t, err, "pair[1] x: want a plain number")
	_, _, err = loadText("rack: {preset: big-rack, chips: 0, chip: {memory: {capacity: 0B}}}\n")
	require.ErrorContains(t, err, "rack.chips")
	require.ErrorContains(t, err, "rack.chip.memory.capacity")
}
