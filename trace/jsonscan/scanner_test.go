package jsonscan

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// tree reads any value into what encoding/json would make of it.
func tree(s *Scanner) any {
	switch {
	case s.Is('{'):
		m := map[string]any{}
		s.Object(func(key []byte) {
			k := string(key)
			m[k] = tree(s)
		})
		return m
	case s.Is('['):
		list := []any{}
		s.Array(func() { list = append(list, tree(s)) })
		return list
	case s.Is('"'):
		return s.String()
	case s.Is('t'), s.Is('f'):
		return s.Bool()
	case s.Is('n'):
		s.Null()
		return nil
	}
	return s.Float()
}

func parse(r io.Reader) (any, error) {
	s := New(r)
	v := tree(s)
	s.End()
	return v, s.Err()
}

func TestAgreesWithEncodingJSON(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `{"a":1,"b":[true,false,null,-1.5e3,0.1,123456789012345678]}`, ` [ 1 , 2 ] `,
		`"\u00e4\ud83d\ude00\ud800x\n\"\\\/\b\f\r\t"`, `"\ud800\ud800"`, `"\ud83d"`, `{"k\u0065y":{"n":{"x":"` +
			strings.Repeat("long ", 1000) + `"}}}`, `{"a" : 1}`, `0`, `-0.0`, `1e-300`, `"é"`,
	} {
		var want any
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		got, err := parse(strings.NewReader(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		got, err = parse(iotest.OneByteReader(strings.NewReader(text)))
		require.NoError(t, err, text)
		require.Equal(t, want, got, "byte by byte: %s", text)
	}
}

func TestRefusesWhatIsNotJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1`:        "cut short",
		`{"a" 1}`:       `want ':'`,
		`{a:1}`:         `want '"'`,
		`[1,]`:          "want a number",
		`[1 2]`:         `want ','`,
		`{"a":1,}`:      `want '"'`,
		`01`:            "want a number",
		`+1`:            "want a number",
		`1.`:            "want a number",
		`nul`:           "cut short",
		`nulx`:          "want null",
		"\"a\nb\"":      "control character",
		`"\x"`:          "unknown escape",
		`"\u12g4"`:      `broken \u`,
		"\x001":         "NUL",
		"\x00\n":        "cut short",
		`1 2`:           "want nothing more",
		``:              "cut short",
		`1e999`:         "want a number",
		`"open`:         "cut short",
		`[[[` + "\x7f]": "want a number",
	} {
		_, err := parse(strings.NewReader(text))
		require.ErrorContains(t, err, want, "%q", text)
	}
	deep := strings.Repeat("[", 100_000)
	_, err := parse(strings.NewReader(deep))
	require.ErrorContains(t, err, "nested deeper than 512")
}

func TestNumbers(t *testing.T) {
	s := New(strings.NewReader(`18446744073709551615 18446744073709551616`))
	require.Equal(t, uint64(math.MaxUint64), s.Uint())
	require.Zero(t, s.Uint())
	require.ErrorContains(t, s.Err(), "beyond 64 bits")

	s = New(strings.NewReader(`12.0 "42" -3 null 7`))
	require.Equal(t, int64(12), s.Int())
	require.Equal(t, int64(42), s.Int())
	require.Equal(t, int64(-3), s.Int())
	require.Zero(t, s.Count("x"))
	require.Equal(t, 7, s.Count("x"))
	require.NoError(t, s.Err())
	require.False(t, s.More())

	for text, want := range map[string]string{
		`-1`: "in: -1 tokens; want 0 or more", `99999999999`: "want at most", `1.5`: "in: found a fraction", `"x"`: "in: ",
		`{}`: "in: found an object",
	} {
		s := New(strings.NewReader(text))
		s.Count("in")
		require.ErrorContains(t, s.Err(), want, text)
	}
}

func TestUints(t *testing.T) {
	read := func(r io.Reader) (got []uint64, err error) {
		s := New(r)
		s.Uints(func(v uint64) { got = append(got, v) })
		s.End()
		return got, s.Err()
	}
	for text, want := range map[string][]uint64{
		`[]`: nil, `[7]`: {7}, `[1,2,30]`: {1, 2, 30}, ` [ 1 , 2,3 ,4]`: {1, 2, 3, 4}, `[1,0,2]`: {1, 0, 2},
		`[1,18446744073709551615,123456789012345678,5]`: {1, math.MaxUint64, 123456789012345678, 5},
	} {
		got, err := read(strings.NewReader(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		got, err = read(iotest.OneByteReader(strings.NewReader(text)))
		require.NoError(t, err, text)
		require.Equal(t, want, got, "byte by byte: %s", text)
	}
	for _, text := range []string{
		`[1,]`, `[1,-2]`, `[1,2.5]`, `[1,2e3]`, `[1 2]`, `[1,"2"]`, `[1,2`, `[1,99999999999999999999]`,
	} {
		_, err := read(strings.NewReader(text))
		require.Error(t, err, text)
	}
}

func TestLinesAreCountedAndBadOnesSkipped(t *testing.T) {
	s := New(strings.NewReader("{\"a\":1}\n{\"a\":\n{\"a\":3}\n\n{\"a\":oops}\n{\"a\":5}\n"))
	s.OneLine = true
	var got []int64
	var bad []int
	for s.More() {
		s.Object(func([]byte) { got = append(got, s.Int()) })
		if s.Err() != nil {
			bad = append(bad, LineOf(s.Err(), 0))
			s.SkipLine()
		}
	}
	require.NoError(t, s.Err())
	require.Equal(t, []int64{1, 0, 3, 0, 5}, got)
	require.Equal(t, []int{2, 5}, bad)
}

func TestDamagedStreamNamesTheLine(t *testing.T) {
	s := New(io.MultiReader(strings.NewReader("1\n2\n"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.Equal(t, int64(1), s.Int())
	require.Equal(t, int64(2), s.Int())
	require.False(t, s.More())
	require.ErrorIs(t, s.Err(), io.ErrUnexpectedEOF)
	require.Equal(t, 3, LineOf(s.Err(), 0))
}

func TestErrorsNeverQuoteText(t *testing.T) {
	_, err := parse(strings.NewReader(`{"prompt": "secret words" "more secret"}`))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5,"x\u00e4",null,true]}`))
	f.Add([]byte(`"\ud800\udc00"`))
	f.Add([]byte("0  \x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parse(strings.NewReader(string(data)))
		var want any
		// A machine that lost power leaves a tail of NUL bytes, which the scanner reports aside.
		wantErr := json.Unmarshal(bytes.TrimRight(data, "\x00 \t\r\n"), &want)
		if err == nil && wantErr == nil {
			// encoding/json replaces invalid UTF-8; the scanner passes bytes on.
			if strings.ToValidUTF8(string(data), "") == string(data) {
				require.Equal(t, want, got)
			}
			return
		}
		if err != nil && (strings.Contains(err.Error(), "64 characters") || strings.Contains(err.Error(), "nested")) {
			return // limits that encoding/json does not have
		}
		require.Equal(t, wantErr == nil, err == nil, "encoding/json: %v; scanner: %v", wantErr, err)
	})
}
