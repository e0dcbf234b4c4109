//go:build !unix

package queue

import (
	"fmt"
	"os"
)

// lock makes a file this process's own until it is released. After a crash it
// has to be removed by hand.
func lock(name string) (release func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return nil, fmt.Errorf("%s: another sweep is at work there, or was stopped hard: then remove the file", name)
	}
	if err != nil {
		return nil, err
	}
	return func() {
		f.Close()
		os.Remove(name)
	}, nil
}

// freeBytes is not known here.
func freeBytes(string) (uint64, bool) { return 0, false }
