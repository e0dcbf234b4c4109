package tidy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	mapRow   = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \|`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
)

// The map that a newcomer reads is the table that the build obeys.
func TestTheMapIsTheTableOfRooms(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "ARCHITECTURE.md"))
	require.NoError(t, err)
	drawn := map[string]string{}
	for _, row := range mapRow.FindAllStringSubmatch(string(text), -1) {
		for _, name := range codeSpan.FindAllStringSubmatch(row[2], -1) {
			drawn[strings.TrimSuffix(name[1], "/agentsim")] = row[1]
		}
	}
	for _, r := range rooms {
		if !strings.HasPrefix(r.dir, "internal/") { // they hold the house, and are not of it
			require.Equal(t, fmt.Sprint(r.layer), drawn[r.dir], "layer of %s in docs/ARCHITECTURE.md", r.dir)
		}
	}
}
