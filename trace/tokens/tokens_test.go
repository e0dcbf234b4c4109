package tokens

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"github.com/tiktoken-go/tokenizer/codec"
	"pgregory.net/rapid"
)

// The vocabulary that is embedded has every token of the public library.
func TestTheVocabularyIsThePublicOne(t *testing.T) {
	const tokens = 199_998 // those behind are commands, not text
	library := codec.NewO200kBase()
	var list []byte
	for id := range uint(tokens) {
		token, err := library.Decode([]uint{id})
		require.NoError(t, err)
		list = append(append(list, byte(len(token))), token...)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("o200k_base.zst", z.EncodeAll(list, nil), 0o644))
	}
	packed, err := os.ReadFile("o200k_base.zst")
	require.NoError(t, err)
	v, err := unpack(packed)
	require.NoError(t, err)
	require.Len(t, v, tokens)
	for id := range uint(tokens) {
		token, err := library.Decode([]uint{id})
		require.NoError(t, err)
		require.Equal(t, uint32(id), v.rank([]byte(token)), token)
	}
	_, err = unpack(packed[:len(packed)/2])
	require.Error(t, err)
}

// published is the expression of o200k_base that cuts a text into words. In a
// group of its own, it is interpreted as it stands.
const published = `(?:[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
	`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)`

// naive merges the pair of the lowest rank, the first of several, until none is
// a token.
func naive(v vocabulary, word string) int {
	var parts []string
	for i := range len(word) {
		parts = append(parts, word[i:i+1])
	}
	for {
		best, at := uint32(unmerged), 0
		for i := range len(parts) - 1 {
			if rank := v.rank([]byte(parts[i] + parts[i+1])); rank < best {
				best, at = rank, i
			}
		}
		if best == unmerged {
			return len(parts)
		}
		parts[at] += parts[at+1]
		parts = slices.Delete(parts, at+1, at+2)
	}
}

// Any text is cut where the published expression cuts it, and every word has as
// many tokens as merging by hand leaves.
func TestWordsAndTokensAreThePublishedOnes(t *testing.T) {
	expression := regexp2.MustCompile(published)
	v, err := unpack(packed)
	require.NoError(t, err)
	count, err := O200k()
	require.NoError(t, err)
	same := func(t require.TestingT, text string) {
		tokens, rest := 0, []byte(text)
		match, err := expression.FindStringMatch(text)
		for ; match != nil; match, err = expression.FindNextMatch(match) {
			require.NoError(t, err)
			n := next(rest)
			require.Equal(t, match.String(), string(rest[:n]), "%q", text)
			rest = rest[n:]
			tokens += naive(v, match.String())
		}
		require.NoError(t, err)
		require.Empty(t, rest, "%q", text)
		require.Equal(t, tokens, count([]byte(text)), "%q", text)
	}
	for _, text := range []string{
		"don't WE'LL they'Re I'd 's 'ſ x'ſ 'LL", "HTTPServer camelCase SNAKE_CASE ǅungla ʰello ªb", "1234567 ½¾ ٣٤٥٦ x1y22",
		"  a\n\n  b \r\n\t c   ", "   ", "\n", " \n x", "\n \n", "a/b//c\n/", "((foo))///\n\n", "e\u0301te\u0301 \u0301", "日本語テキスト、です。",
		"مرحبا بالعالم", "\u00a0x\u2003 y\u0085z", "\U0001f600\U0001f468\u200d\U0001f469\x7f", strings.Repeat("x", 300), strings.Repeat("ab1 ", 90),
	} {
		same(t, text)
	}
	few := []rune(" \t\n\r'sStTrReEvVmMlLdDſaAbBzZ09½٣.,;/(){}_-ǅʰªß日ん\u0301\u00a0\u2003\u0085é😀\x7f")
	rapid.Check(t, func(t *rapid.T) {
		same(t, string(rapid.SliceOfN(rapid.SampledFrom(few), 0, 40).Draw(t, "few")))
		same(t, rapid.String().Draw(t, "any"))
	})
}

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
