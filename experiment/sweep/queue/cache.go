package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
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
	known := new(sweep.Row)
	if json.Unmarshal(content, known) != nil || known.Status == "" {
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
	results.Replace(name, content) // best effort, as the comment on Cache says
}

// folderMode lets everybody read results.
const folderMode = 0o755
