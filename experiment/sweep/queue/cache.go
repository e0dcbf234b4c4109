package queue

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"agentsim/experiment/sweep"
	"agentsim/files"
)

// Cache keeps the results of points on this machine, across studies: by
// scenario, seed and build. It is a help only: what it cannot read or write is
// computed. A nil Cache keeps nothing.
type Cache struct{ Dir string }

// file is where the result of a point is kept; empty where it cannot be.
func (c *Cache) file(l *sweep.Loaded, build string) string {
	if c == nil || l.Key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(l.Key + "/" + build))
	name := hex.EncodeToString(sum[:])
	const fan = 2 // letters of the name that are a folder's
	return filepath.Join(c.Dir, name[:fan], name[fan:]+".json")
}

// get returns what the point gave before, in whichever study.
func (c *Cache) get(l *sweep.Loaded, build string) (*sweep.Row, bool) {
	name := c.file(l, build)
	if name == "" {
		return nil, false
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, false
	}
	known, err := unseal(filepath.Base(name), content)
	if err != nil {
		return nil, false
	}
	return l.Row(known), true
}

// put keeps a result. A failure is not kept: it may be the machine's.
func (c *Cache) put(l *sweep.Loaded, build string, row *sweep.Row) {
	name := c.file(l, build)
	if name == "" || row.Status == sweep.Failed {
		return
	}
	content, err := json.Marshal(row)
	if err != nil || os.MkdirAll(filepath.Dir(name), folderMode) != nil {
		return
	}
	content = append(append(seal(filepath.Base(name), content), '\n'), content...)
	files.Write(name, content) // best effort, as the comment on Cache says
}

// seal is a digest of an entry and its name, which stands before the entry, so
// that what was edited, cut short or moved is not taken for a result.
func seal(name string, entry []byte) []byte {
	sum := sha256.New()
	io.WriteString(sum, name)
	sum.Write([]byte{0})
	sum.Write(entry)
	return hex.AppendEncode(nil, sum.Sum(nil))
}

// unseal returns the row of an entry that is as it was written.
func unseal(name string, content []byte) (*sweep.Row, error) {
	sealed, entry, ok := bytes.Cut(content, []byte{'\n'})
	if !ok || !bytes.Equal(sealed, seal(name, entry)) {
		return nil, errors.New("the entry is not as it was written")
	}
	d := json.NewDecoder(bytes.NewReader(entry))
	d.DisallowUnknownFields()
	row := new(sweep.Row)
	if err := d.Decode(row); err != nil {
		return nil, err
	}
	if row.Status != sweep.Done && row.Status != sweep.Infeasible || row.Status == sweep.Done && row.Result == nil {
		return nil, fmt.Errorf("status %q has no result", row.Status)
	}
	return row, nil
}

// folderMode lets everybody read results.
const folderMode = 0o755
