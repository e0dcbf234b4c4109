//go:build unix

package queue

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock makes a file this process's own until it is released, or the process
// ends however it ends.
func lock(name string) (release func(), err error) {
	const mode = 0o644
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, mode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: another sweep is at work there", name)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if mine, err := f.Stat(); err == nil {
		if there, err := os.Stat(name); err != nil || !os.SameFile(mine, there) { // released and removed meanwhile
			f.Close()
			return lock(name)
		}
	}
	return func() {
		os.Remove(name)
		f.Close()
	}, nil
}

// freeBytes is the room on the disk of a folder, where the system tells.
func freeBytes(dir string) (uint64, bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}
