package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command of the cookbook is one that there is, with flags that it has,
// and runs exactly as it stands there: those of three recipes here, all with
// `make docs`.
func TestTheCookbook(t *testing.T) {
	sample := []string{"My logs", "What an agent-hour costs", "What changed between two answers"}
	text, err := os.ReadFile("../../docs/COOKBOOK.md")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	recipe, found, ran := "", 0, 0
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			recipe = strings.TrimSpace(title)
			continue
		}
		command, ok := strings.CutPrefix(line, "    agentsim ")
		if !ok {
			continue
		}
		found++
		args := words(strings.TrimSpace(command))
		checkCommand(t, args, nil)
		if !allDocumented() && !slices.Contains(sample, recipe) {
			continue
		}
		o := agentsim(t, args...)
		require.Zero(t, o.code, "%s%s", line, o.stderr)
		ran++
	}
	require.Greater(t, found, 20)
	require.GreaterOrEqual(t, ran, 7)
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
	var list [][]string
	for _, name := range []string{"README.md", "docs/LEARN.md", "docs/ARCHITECTURE.md", "docs/VALIDATION.md", "docs/PERFORMANCE.md"} {
		text, err := os.ReadFile("../../" + name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if command, ok := strings.CutPrefix(line, "    agentsim "); ok {
				command, _, _ = strings.Cut(command, " #")
				list = append(list, words(strings.TrimSpace(command)))
			}
		}
	}
	return list
}

// Every command in a document is one that there is, with flags that it has; with
// `make docs` those that need no file of the reader's run as well.
func TestDocumentedCommands(t *testing.T) {
	commands := documented(t)
	require.Greater(t, len(commands), 20)
	for _, args := range commands {
		checkCommand(t, args, nil)
	}
	if !allDocumented() {
		return
	}
	t.Chdir(t.TempDir())
	for _, args := range commands {
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
