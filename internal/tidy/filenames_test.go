package tidy

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fileName matches the name of a Go file in running text, with the directories
// before it and with a star for several.
var fileName = regexp.MustCompile(`[\w./*-]*[\w*]\.go\b`)

// Comments name files of their own directory, or by a path of which the rest
// is clear; documents name any file of the repository.
func TestNamedFilesExist(t *testing.T) {
	var found []string
	files := sources(t, &found)
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.path
	}
	for _, f := range files {
		for _, group := range f.syntax.Comments {
			for _, name := range missingFiles(group.Text(), f.dir, paths) {
				t.Errorf("%s: the comment names %s, which does not exist", f.fset.Position(group.Pos()), name)
			}
		}
	}
	for _, doc := range documents(t) {
		text, err := os.ReadFile(filepath.Join(root, doc))
		require.NoError(t, err)
		for _, name := range missingFiles(string(text), "", paths) {
			t.Errorf("%s names %s, which does not exist", doc, name)
		}
	}
}

// missingFiles lists the Go files that a text names and that no path matches. A
// name without a directory is one of dir, where dir is given.
func missingFiles(text, dir string, paths []string) []string {
	var missing []string
	for _, name := range fileName.FindAllString(text, -1) {
		name = strings.TrimPrefix(name, "./")
		known := slices.ContainsFunc(paths, func(p string) bool {
			if !strings.Contains(name, "/") && dir != "" {
				ok, _ := path.Match(path.Join(dir, name), p)
				return ok
			}
			return matchesEnd(name, p)
		})
		if !known {
			missing = append(missing, name)
		}
	}
	return missing
}

// matchesEnd reports whether the last elements of p match name.
func matchesEnd(name, p string) bool {
	parts, n := strings.Split(p, "/"), strings.Count(name, "/")+1
	if len(parts) < n {
		return false
	}
	ok, _ := path.Match(name, strings.Join(parts[len(parts)-n:], "/"))
	return ok
}

// documents lists the Markdown files of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var list []string
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && p != "." && (name == "testdata" || strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			list = append(list, p)
		}
		return nil
	}))
	return list
}

func TestMissingFilesAreFound(t *testing.T) {
	paths := []string{"serve/start.go", "serve/power_fit.go", "sim/time.go"}
	require.Equal(t, []string{"time.go", "serve/tim.go"},
		missingFiles("see start.go, time.go (power*.go) and sim/time.go, serve/tim.go.", "serve", paths))
	require.Equal(t, []string{"stop.go"}, missingFiles("`time.go`, `serve/start.go`, ./sim/time.go, stop.go", "", paths))
}
