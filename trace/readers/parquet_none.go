//go:build js && !readers

package readers

import (
	"errors"
	"strings"
)

// noTables refuses Parquet, whose library would double the size of a web page.
// A build with the tag readers reads it.
type noTables struct{ oneByOne }

func newTables(*env) opener { return noTables{} }

func newCompact(*env) opener { return noTables{} }

// isTable reports whether a file is a Parquet table.
func isTable(p *sample) bool { return strings.HasPrefix(p.text, parquetMagic) && p.parts == nil }

func isCompact(*sample) bool { return false }

func (noTables) open(*file, []byte, *sample) (decoder, error) {
	return nil, errors.New("a Parquet table, which this build cannot read; want the log itself, as JSON or CSV")
}
