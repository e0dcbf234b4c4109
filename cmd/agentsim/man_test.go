package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command has a page, with its flags, examples and the environment, and no
// line that the macros would swallow.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	o := agentsim(t, "man", dir)
	require.Zero(t, o.code, o.stderr)
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	require.NoError(t, err)
	require.Greater(t, len(files), 25)
	require.FileExists(t, filepath.Join(dir, "agentsim-trace-stats.1"))
	text, err := os.ReadFile(filepath.Join(dir, "agentsim-plan.1"))
	require.NoError(t, err)
	for _, want := range []string{".SH NAME", ".SH SYNOPSIS", `\-\-availability`, "AGENTSIM_OUTPUT=json", ".SH EXAMPLES"} {
		require.Contains(t, string(text), want)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, ".") {
				require.Regexp(t, `^\.(TH|SH|TP|PP|B|nf|fi)\b`, line, file)
			}
		}
	}
}
