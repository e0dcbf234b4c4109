package mutants

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is the repository's, from here.
const root = "../.."

// mutant is one fault: a text of a file in place of another, and the test of
// the file's package that finds it.
type mutant struct{ file, is, becomes, test string }

// list reads mutants.tsv; lines that begin with # are comments.
func list(t *testing.T) []mutant {
	t.Helper()
	text, err := os.ReadFile("mutants.tsv")
	require.NoError(t, err)
	var all []mutant
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		require.Len(t, fields, 4, "want file, text, other text, test: %s", line)
		all = append(all, mutant{fields[0], fields[1], fields[2], fields[3]})
	}
	return all
}

// apply is the file with the fault in it.
func (m mutant) apply(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, m.file))
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(text, []byte(m.is)), "%s has to say once: %s", m.file, m.is)
	return bytes.Replace(text, []byte(m.is), []byte(m.becomes), 1)
}

// A line that no longer fits the code, or whose test is gone, finds nothing.
func TestMutantsFit(t *testing.T) {
	all := list(t)
	require.GreaterOrEqual(t, len(all), 20)
	tests := map[string]string{}
	for _, m := range all {
		m.apply(t)
		dir := filepath.Dir(m.file)
		if tests[dir] == "" {
			files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
			require.NoError(t, err)
			for _, f := range files {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				tests[dir] += string(text)
			}
		}
		require.True(t, strings.Contains(tests[dir], "func "+m.test+"(t *testing.T)"), "no test %s in %s", m.test, dir)
	}
}

// Every mutant dies by an assertion of the test that its line names.
func TestMutantsDie(t *testing.T) {
	if os.Getenv("AGENTSIM_MUTANTS") == "" {
		t.Skip("builds and runs a package for every fault: make mutants")
	}
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, m := range list(t) {
		t.Run(strings.ReplaceAll(m.file, "/", "_")+"_"+m.test, func(t *testing.T) {
			dir := t.TempDir()
			mutated, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
			require.NoError(t, os.WriteFile(mutated, m.apply(t), 0o600))
			text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, m.file): mutated}})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(overlay, text, 0o600))
			run := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-timeout=10m",
				"-run", "^"+m.test+"$", "./"+filepath.ToSlash(filepath.Dir(m.file)))
			run.Dir = here
			out, err := run.CombinedOutput()
			require.Error(t, err, "%s lives: %q for %q", m.file, m.becomes, m.is)
			require.Regexp(t, regexp.MustCompile(`(?m)^\s*--- FAIL: `+m.test+`\b`), string(out), "it has to fail by an assertion")
		})
	}
}
