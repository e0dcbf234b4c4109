package tokens

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

func TestO200kKnownCounts(t *testing.T) {
	count, err := O200k()
	require.NoError(t, err)
	// Counts of OpenAI's tiktoken with o200k_base.
	for text, want := range map[string]int{
		"": 0, "hello world": 2, "tiktoken is great!": 6, "func main() {}\n": 4,
	} {
		require.Equal(t, want, count([]byte(text)), text)
	}
	line := "if err := run(ctx, args); err != nil {\n"
	long := strings.Repeat(line, 5000) // cut into pieces at line breaks: nothing is lost
	require.InEpsilon(t, 5000*count([]byte(line)), count([]byte(long)), 0.01)
	require.NotPanics(t, func() { count([]byte{0xff, 0xfe, 0x00}) })
	require.Positive(t, count([]byte(strings.Repeat("x", 3*pieceBytes))))
}

// The ratio is that of recorded answers.
func TestCharactersPerToken(t *testing.T) {
	paths, err := filepath.Glob("../../../shared/traces/lmcache-miniswe/*.jsonl.gz")
	require.NoError(t, err)
	if len(paths) == 0 {
		require.NotEqual(t, "true", os.Getenv("CI"), "no shared data")
		t.Skip("no shared data")
	}
	count, err := O200k()
	require.NoError(t, err)
	characters, tokens := 0, 0
	for _, path := range paths {
		for _, answer := range answers(t, path) {
			characters += utf8.RuneCountInString(answer)
			tokens += count([]byte(answer))
		}
	}
	require.Equal(t, 124975, characters)
	require.InEpsilon(t, CharactersPerToken, float64(characters)/float64(tokens), 0.01)
}

func answers(t *testing.T, path string) []string {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var out []string
	for d := json.NewDecoder(z); d.More(); {
		var row struct{ Output string }
		require.NoError(t, d.Decode(&row))
		out = append(out, row.Output)
	}
	return out
}

func TestByRatioCountsCharactersNotBytes(t *testing.T) {
	count := ByRatio(4)
	require.Equal(t, 0, count(nil))
	require.Equal(t, 1, count([]byte("a")))
	require.Equal(t, 2, count([]byte("äöüßé")))
	require.Equal(t, 2, count([]byte("abcdefgh")))
}
