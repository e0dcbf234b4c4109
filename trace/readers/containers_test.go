package readers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"agentsim/trace/tokens"
)

// Every format reads the same from a plain file, from gzip and zstd, and from
// a directory with nothing else in it.
func TestEveryFormatInEveryContainer(t *testing.T) {
	entries, err := os.ReadDir(sharedPath(t, "traces/formats"))
	require.NoError(t, err)
	packer, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	packs := map[string]func(text string) []byte{
		"":     func(text string) []byte { return []byte(text) },
		".gz":  func(text string) []byte { return compressed(t, text) },
		".zst": func(text string) []byte { return packer.EncodeAll([]byte(text), nil) },
	}
	opts := Options{Tokens: tokens.ByRatio(1)}
	formats := map[string]bool{}
	for _, entry := range entries {
		source := sharedPath(t, "traces/formats/"+entry.Name())
		want, tr := add(t, source, opts)
		formats[tr.Format()] = true
		for suffix, pack := range packs {
			dir := t.TempDir()
			for _, path := range parts(t, source) {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)+suffix), pack(string(text)), 0o600))
			}
			got, _ := add(t, dir, opts)
			require.Equal(t, want, got, "%s as directory of %q", entry.Name(), suffix)
			if !entry.IsDir() {
				got, _ = add(t, filepath.Join(dir, entry.Name()+suffix), opts)
				require.Equal(t, want, got, "%s%s", entry.Name(), suffix)
			}
		}
	}
	require.Len(t, formats, 21, "%v", formats)
}

// parts are the files that belong to a trace: those of a directory, both of a
// pair, or the file itself.
func parts(t *testing.T, path string) []string {
	pattern := path
	switch {
	case strings.HasSuffix(path, "openhands_v1"):
		pattern = filepath.Join(path, "events", "*")
	case strings.Contains(path, "blis_trace_v2."):
		pattern = strings.TrimSuffix(path, filepath.Ext(path)) + ".*"
	}
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

// Many files of a format are one trace, however they are named.
func TestManyPathsAreOneTrace(t *testing.T) {
	dir := sharedPath(t, "traces/claude-code-weka/samples/")
	paths, err := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	require.NoError(t, err)
	whole, _ := add(t, dir, Options{})
	tr, err := OpenAll(paths, Options{})
	require.NoError(t, err)
	require.Len(t, drain(t, tr), whole.calls)
	require.Equal(t, len(paths), tr.Report().Files)
}

func TestColumnsThatNobodyKnows(t *testing.T) {
	path := write(t, "x.csv", "num_prefill_tokens,num_decode_tokens,colour\n5,1,red\n5,1,blue\n")
	tr, err := Open(path, Auto)
	require.NoError(t, err)
	require.Len(t, drain(t, tr), 2)
	require.Equal(t, []Note{{"unknown column colour", 1}}, tr.Report().Notes)

	own := "session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s,colour\na,0,9,0,4,0,red\n"
	_, err = Open(write(t, "x.csv", own), Auto)
	require.ErrorContains(t, err, `unknown column "colour"; want session_id, turn,`)
}

func TestPairsNeedBothFiles(t *testing.T) {
	rows := "request_id,session_id,input_tokens,output_tokens,arrival_time_us\n0,s,5,6,0\n"
	require.ErrorContains(t, failure(t, write(t, "x.csv", rows), Options{}), "the header that belongs to it")
	require.ErrorContains(t, failure(t, write(t, "x.yaml", "trace_version: 2\n"), Options{}), "the rows that belong to it")
	require.ErrorContains(t, failure(t, write(t, "x.csv", "0,1,1,,0,0\n"), Options{Format: "servegen"}), "not one of a pair")
}
