//go:build !js || readers

package readers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"agentsim/trace/writers"
)

// compact reads our own Parquet table (writers.Row). It is strict: another
// version or another set of columns is an error.
type compact struct{ oneByOne }

func newCompact(*env) opener { return compact{} }

func isCompact(p *sample) bool { return strings.HasPrefix(p.text, parquetMagic) && !isTable(p) }

func (compact) open(f *file, _ []byte, _ *sample) (decoder, error) {
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	f.c = append(f.c, in)
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if err := writers.CheckSeal(in, info.Size()); err != nil {
		return nil, err
	}
	table, err := parquet.OpenFile(in, info.Size())
	if err != nil {
		return nil, err
	}
	version, err := checkTable(table)
	if err != nil {
		return nil, err
	}
	return &compactDecoder{
		r:       parquet.NewGenericReader[writers.Row](table),
		rows:    make([]writers.Row, 1024),
		version: version,
	}, nil
}

func checkTable(table *parquet.File) (version string, err error) {
	version, _ = table.Lookup(writers.KeyVersion)
	if version != writers.Version && version != writers.VersionCached {
		return "", fmt.Errorf("version %q of the table; want %s", version, writers.Version)
	}
	want := parquet.SchemaOf(writers.Row{})
	for _, column := range table.Schema().Columns() {
		if _, ok := want.Lookup(column...); !ok {
			return "", fmt.Errorf("unknown column %v", column)
		}
	}
	for _, column := range want.Columns() {
		if _, ok := table.Schema().Lookup(column...); !ok && version == writers.Version {
			return "", fmt.Errorf("column %v is missing", column)
		}
	}
	return version, nil
}

type compactDecoder struct {
	r    *parquet.GenericReader[writers.Row]
	rows []writers.Row
	row  int
	done bool

	version string
}

func (d *compactDecoder) decode(q *queue) error {
	if d.done {
		return errors.Join(io.EOF, d.r.Close())
	}
	n, err := d.r.Read(d.rows)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w; the file seems to be damaged", err)
	}
	d.done = err != nil
	for i := range d.rows[:n] {
		d.row++
		c, err := d.rows[i].Call()
		if err != nil {
			return err
		}
		if min(c.Input, c.Output, c.Cached, c.Prefix, c.Shared, c.Turn, c.After, c.Holder) < 0 {
			return fmt.Errorf("a negative count in call %d", d.row)
		}
		if d.version == writers.VersionCached {
			c.Prefix = c.Cached
		}
		q.push(c)
	}
	return nil
}

func (d *compactDecoder) skip() bool { return false }
func (d *compactDecoder) line() int  { return d.row } // rows take the place of lines
