//go:build unix

package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPipesAreWrittenTo(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "pipe-link")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	require.NoError(t, os.Symlink("pipe", link))
	for _, to := range []string{name, link} {
		got := read(t, name)
		require.NoError(t, Fill(to, seeking))
		require.Equal(t, "onetwo", <-got)
	}
	alone(t, dir, "pipe", "pipe-link")
}
