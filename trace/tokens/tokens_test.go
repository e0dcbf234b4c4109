package tokens

import (
	"strings"
	"testing"

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

func TestByRatioCountsCharactersNotBytes(t *testing.T) {
	count := ByRatio(4)
	require.Equal(t, 0, count(nil))
	require.Equal(t, 1, count([]byte("a")))
	require.Equal(t, 2, count([]byte("äöüßé")))
	require.Equal(t, 2, count([]byte("abcdefgh")))
}
