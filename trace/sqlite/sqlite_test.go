package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// all reads a table; every row is a copy.
func all(t require.TestingT, path, table string) [][]any {
	d, err := Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	tables, err := d.Tables()
	require.NoError(t, err)
	i := slices.IndexFunc(tables, func(each Table) bool { return each.Name == table })
	require.GreaterOrEqual(t, i, 0, table)
	rows, err := d.Rows(&tables[i])
	require.NoError(t, err)
	var list [][]any
	for rows.Next() {
		list = append(list, slices.Clone(rows.Values))
	}
	require.NoError(t, rows.Err())
	return list
}

func fixture(name string) string { return filepath.Join("testdata", name) }

// wanted are the rows that testdata/make.sh puts into its table.
func wanted() (list [][]any) {
	for i := int64(1); i <= 200; i++ {
		if id := 3 * i; id%2 == 0 && id < 60 { // deleted
			continue
		}
		row := []any{3 * i, (i%2*2 - 1) * (1 << (i % 60)), float64(i), fmt.Sprintf("w%dé", i), nil, nil, int64(-7)}
		if i%7 == 0 {
			row[1] = nil
		}
		if i%50 == 0 { // on overflow pages
			row[4] = strings.Repeat("00", int(8*i))
		}
		if i%20 == 0 {
			row[5] = make([]byte, i)
		}
		list = append(list, row)
	}
	return append(list, []any{int64(1000), int64(0), 1., "", nil, []byte{0, 0xff}, int64(8)})
}

func TestRowsOfATable(t *testing.T) {
	d, err := Open(fixture("rows.db"))
	require.NoError(t, err)
	tables, err := d.Tables()
	require.NoError(t, err)
	require.NoError(t, d.Close())
	names := map[string][]string{}
	for _, table := range tables {
		for _, c := range table.Columns {
			names[table.Name] = append(names[table.Name], c.Name)
		}
	}
	require.Equal(t, map[string][]string{
		`a "table"`: {"id", "square", "number", "word", "long", "bytes", "later"},
		"keyed":     {"a", "b"},
		"empty":     {"x"},
		"other":     {"x"},
		"computed":  {"x", "y"},
	}, names)
	require.Equal(t, wanted(), all(t, fixture("rows.db"), `a "table"`))
	require.Equal(t, [][]any{{int64(-5), "x"}, {int64(1) << 40, "y"}}, all(t, fixture("rows.db"), "keyed"))
	require.Empty(t, all(t, fixture("rows.db"), "empty"))
}

func TestTextOfOtherEncodings(t *testing.T) {
	for _, name := range []string{"UTF-16le.db", "UTF-16be.db"} {
		require.Equal(t, [][]any{{"aé€𝄞"}}, all(t, fixture(name), "t"), name)
	}
}

// The log holds what is committed and not yet in the file; what a transaction
// has written that did not end does not count.
func TestTheLogBesideTheFile(t *testing.T) {
	want := [][]any{{int64(1)}, {int64(20)}}
	for i := int64(3); i <= 400; i++ {
		want = append(want, []any{i})
	}
	require.Equal(t, want, all(t, fixture("logged.db"), "t"))
	require.Equal(t, want, all(t, fixture("open.db"), "t"))

	log := read(t, fixture("logged.db-wal"))
	path := filepath.Join(t.TempDir(), "x.db")
	require.NoError(t, os.WriteFile(path, read(t, fixture("logged.db")), 0o600))
	for n, second := range map[int]int64{0: 2, 10: 2, 32: 2, 100: 2, len(log) - 1: 20} { // the update is a transaction
		require.NoError(t, os.WriteFile(path+"-wal", log[:n], 0o600))
		require.Equal(t, [][]any{{int64(1)}, {second}}, all(t, path, "t"), n)
	}
	damagedLog := slices.Clone(log)
	damagedLog[100]++ // of the first frame: its checksum is wrong
	require.NoError(t, os.WriteFile(path+"-wal", damagedLog, 0o600))
	require.Equal(t, [][]any{{int64(1)}, {int64(2)}}, all(t, path, "t"))
}

func read(t require.TestingT, path string) []byte {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

func TestWhatCannotBeRead(t *testing.T) {
	d, err := Open(fixture("rows.db"))
	require.NoError(t, err)
	defer d.Close()
	tables, err := d.Tables()
	require.NoError(t, err)
	for name, want := range map[string]string{"other": "table other: is WITHOUT ROWID", "computed": "column y is computed"} {
		i := slices.IndexFunc(tables, func(each Table) bool { return each.Name == name })
		_, err := d.Rows(&tables[i])
		require.ErrorContains(t, err, want)
	}

	path := filepath.Join(t.TempDir(), "x.db")
	_, err = Open(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	whole := read(t, fixture("rows.db"))
	for n, want := range map[int]string{20: "cut short", len(whole) - 1: "cut short: 28671 bytes; want 28672"} {
		require.NoError(t, os.WriteFile(path, whole[:n], 0o600))
		_, err = Open(path)
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 20)), 0o600))
	_, err = Open(path)
	require.ErrorContains(t, err, "is no database of SQLite")

	require.NoError(t, os.WriteFile(path, whole, 0o600))
	require.NoError(t, os.WriteFile(path+"-journal", []byte{0, 0}, 0o600)) // one that is done with
	require.NotEmpty(t, all(t, path, "keyed"))
	require.NoError(t, os.WriteFile(path+"-journal", []byte{0xd9, 0xd5}, 0o600))
	_, err = Open(path)
	require.ErrorContains(t, err, "want a database at rest")
}

// Whatever bytes are changed, reading ends, with rows or with an error.
func TestDamageEnds(t *testing.T) {
	whole := read(t, fixture("rows.db"))
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		content := slices.Clone(whole)
		for range rapid.IntRange(1, 20).Draw(t, "changes") {
			content[rapid.IntRange(16, len(content)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		}
		path := filepath.Join(dir, "x.db")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		exhaust(path)
	})
}

// exhaust reads all rows of all tables as far as they can be read.
func exhaust(path string) {
	d, err := Open(path)
	if err != nil {
		return
	}
	defer d.Close()
	tables, _ := d.Tables()
	for i := range tables {
		if rows, err := d.Rows(&tables[i]); err == nil {
			for rows.Next() {
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"rows.db", "UTF-16le.db", "logged.db"} {
		f.Add(read(f, fixture(name)), []byte{})
	}
	f.Add(read(f, fixture("logged.db")), read(f, fixture("logged.db-wal")))
	f.Fuzz(func(t *testing.T, file, log []byte) {
		path := filepath.Join(t.TempDir(), "x.db")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		require.NoError(t, os.WriteFile(path+"-wal", log, 0o600))
		exhaust(path)
	})
}

// Hand-computed from section 1.6 with pages of 512 bytes: up to 477 bytes of a
// row stay on its page, of longer ones 39 + (size-39) mod 508, or 39 where that
// is more than 477.
func TestLocalBytes(t *testing.T) {
	for size, want := range map[int]int{0: 0, 477: 477, 478: 39, 546: 39, 547: 39, 555: 47, 985: 477, 986: 39} {
		require.Equal(t, want, localBytes(size, 512), size)
	}
}

func TestVarints(t *testing.T) {
	for text, want := range map[string]int64{
		"\x00": 0, "\x7f": 127, "\x81\x00": 128, "\x82\x01": 257,
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff": -1, "\x81\x80\x80\x80\x80\x80\x80\x80\x00": 1 << 57,
	} {
		got, n := varint([]byte(text + "rest"))
		require.Equal(t, len(text), n)
		require.Equal(t, want, got)
	}
	_, n := varint([]byte{0x80})
	require.Zero(t, n)
}
