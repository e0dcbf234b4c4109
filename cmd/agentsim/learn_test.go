package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every figure of the lessons is there, and `make learn` redraws it.
func TestFiguresOfTheLessonsAreRedrawn(t *testing.T) {
	root := filepath.Join("..", "..")
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		return string(text)
	}
	figures := regexp.MustCompile(`\((figures/[a-z0-9-]+\.svg)\)`).FindAllStringSubmatch(read("docs/LEARN.md"), -1)
	require.GreaterOrEqual(t, len(figures), 4)
	recipe := read("Makefile")
	for _, f := range figures {
		require.FileExists(t, filepath.Join(root, "docs", f[1]))
		require.Contains(t, recipe, "docs/"+f[1])
	}
}
