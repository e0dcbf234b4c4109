package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command of the cookbook runs exactly as it stands there.
func TestTheCookbook(t *testing.T) {
	text, err := os.ReadFile("../../docs/COOKBOOK.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	ran := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(line, "    agentsim ")
		if !ok {
			continue
		}
		o := agentsim(t, words(strings.TrimSpace(command))...)
		require.Zero(t, o.code, "%s%s", line, o.stderr)
		ran++
	}
	require.Greater(t, ran, 20)
	diff := agentsim(t, "diff", "before.json", "after.json")
	require.Contains(t, diff.stdout, "overrides.deployment.aggregated.draft_tokens")
}

// words splits a command line as a shell does, single quotes being all it knows.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}
