package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func content(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// alone checks that a folder holds these names and nothing in between.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	require.Equal(t, names, found)
}

func TestAFileIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	require.NoError(t, Write(name, []byte("old")))
	require.NoError(t, os.Chmod(name, 0o600))
	require.NoError(t, Keep(name, []byte("new")))
	require.Equal(t, "new", content(t, name))
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a file keeps its mode")

	err = Fill(name, func(f *os.File) error {
		require.NoError(t, writeAll(f, []byte("half")))
		return errors.New("no more")
	})
	require.EqualError(t, err, "writing "+name+": no more")
	require.Equal(t, "new", content(t, name))
	require.ErrorContains(t, Write(dir, nil), "it is a folder")
	require.ErrorContains(t, Write(filepath.Join(dir, "none", "a"), nil), "no such file")
	alone(t, dir, "a")
}

func TestLinksAreFollowedAndStay(t *testing.T) {
	dir, far := t.TempDir(), t.TempDir()
	target, link := filepath.Join(far, "target"), filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(target, filepath.Join(far, "inner")))
	relative, err := filepath.Rel(dir, filepath.Join(far, "inner"))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(relative, link))
	for _, text := range []string{"to where nothing is yet", "to what is there"} {
		require.NoError(t, Write(link, []byte(text)))
		require.Equal(t, text, content(t, target))
	}
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	alone(t, dir, "link")
	alone(t, far, "inner", "target")

	round := filepath.Join(dir, "round")
	require.NoError(t, os.Symlink("round", round))
	require.ErrorContains(t, Write(round, nil), "too many")
}

// What fill sought back to and wrote over arrives in order.
func seeking(f *os.File) error {
	if err := writeAll(f, []byte("xxxtwo")); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte("one"), 0)
	return err
}

func TestDevicesAreWrittenTo(t *testing.T) {
	before, err := os.Lstat("/dev/null")
	if err != nil {
		t.Skip("no /dev/null here")
	}
	require.NoError(t, Write("/dev/null", []byte("gone")))
	after, err := os.Lstat("/dev/null")
	require.NoError(t, err)
	require.Equal(t, before.Mode(), after.Mode(), "still a device")
}

// read returns all that comes out of a pipe.
func read(t *testing.T, name string) <-chan string {
	all := make(chan string, 1)
	go func() {
		f, err := os.Open(name)
		if err != nil {
			all <- err.Error()
			return
		}
		defer f.Close()
		text, _ := io.ReadAll(f)
		all <- string(text)
	}()
	return all
}
