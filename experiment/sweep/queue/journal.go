package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"agentsim/experiment/sweep"
)

// journal is the file to which a process that works alone writes what its
// points give, a line of JSON each, as they come. A study that was stopped or
// killed goes on behind the last line.
type journal struct {
	clock func() time.Time

	mu     sync.Mutex
	file   *os.File
	synced time.Time
}

const (
	journalMode = 0o600
	// syncInterval bounds what a loss of power can take: points of that time
	// are computed again.
	syncInterval = 10 * time.Second
)

// openJournal opens the journal of a study and returns what is in it. A line
// that was cut off is taken out, one that is damaged passed over: their points
// are computed again.
func openJournal(name string, clock func() time.Time) (*journal, []*sweep.Row, error) {
	fail := func(err error) (*journal, []*sweep.Row, error) { return nil, nil, unstored(name, err) }
	if err := os.MkdirAll(filepath.Dir(name), folderMode); err != nil {
		return fail(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, journalMode)
	if err != nil {
		return fail(err)
	}
	content, err := io.ReadAll(file)
	if err == nil {
		content = content[:bytes.LastIndexByte(content, '\n')+1]
		err = file.Truncate(int64(len(content)))
	}
	if err == nil {
		_, err = file.Seek(int64(len(content)), io.SeekStart)
	}
	if err != nil {
		return fail(errors.Join(err, file.Close()))
	}
	var rows []*sweep.Row
	for line := range bytes.Lines(content) {
		row := new(sweep.Row)
		if json.Unmarshal(line, row) == nil && row.Status != "" {
			rows = append(rows, row)
		}
	}
	return &journal{clock: clock, file: file, synced: clock()}, rows, nil
}

// add writes a row.
func (j *journal) add(row []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.file.Write(append(row, '\n'))
	if now := j.clock(); err == nil && now.Sub(j.synced) > syncInterval {
		j.synced = now
		err = j.file.Sync()
	}
	if err != nil {
		return unstored(j.file.Name(), err)
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }

// unstored says what can be done where nothing can be stored.
func unstored(name string, err error) error {
	return fmt.Errorf("queue in %s: nothing can be stored: is the disk full? What is done is kept: make room and run the "+
		"same command again: %w", name, err)
}
