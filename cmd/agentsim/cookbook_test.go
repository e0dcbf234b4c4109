package main

import (
	"os"
	"slices"
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

// documented are the commands of the other documents, without what follows #.
func documented(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	for _, name := range []string{"README.md", "docs/LEARN.md", "docs/ARCHITECTURE.md", "docs/VALIDATION.md", "docs/PERFORMANCE.md"} {
		text, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if command, ok := strings.CutPrefix(line, "    agentsim "); ok {
				command, _, _ = strings.Cut(command, " #")
				all = append(all, words(strings.TrimSpace(command)))
			}
		}
	}
	return all
}

// Every command in a document is one that there is, with flags that it has; with
// `make docs` those that need no file of the reader's run as well.
func TestDocumentedCommands(t *testing.T) {
	all := documented(t)
	require.Greater(t, len(all), 20)
	for _, args := range all {
		c, rest, err := (&app{}).root().Find(args)
		require.NoError(t, err, args)
		require.True(t, c.HasParent(), args)
		require.NoError(t, c.ParseFlags(rest), args)
	}
	if os.Getenv("AGENTSIM_DOCS") == "" {
		return
	}
	t.Chdir(t.TempDir())
	for _, args := range all {
		theirs := func(word string) bool {
			return strings.ContainsAny(word, "~") || strings.Contains(word, "../shared") || strings.Contains(word, "sessions.jsonl") ||
				strings.HasSuffix(word, "recipe.yaml") || strings.HasSuffix(word, "runs.csv") || strings.HasSuffix(word, ".json") ||
				word == "NAME" || word == "serve"
		}
		if !slices.ContainsFunc(args, theirs) {
			o := agentsim(t, args...)
			require.Zero(t, o.code, "%v: %s", args, o.stderr)
		}
	}
}
