package readers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Go wants a fuzz target to be a function of its own, so the table of formats
// cannot bring them along: this test asks for one by each name.
func TestEveryFormatIsFuzzed(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var text strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		text.Write(data)
	}
	for _, format := range formats() {
		target := regexp.MustCompile(`fuzz(Tool)?\(f, "` + format.name + `"`)
		require.True(t, target.MatchString(text.String()), "%s wants a fuzz target: see fuzz_test.go", format.name)
	}
}
