package writers

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// replace writes a file aside and renames it when it is complete, so that a
// failure leaves nothing half written and an older file as it was. finish, if
// any, gets the file when all is written.
func replace(path string, write func(io.Writer) error, finish func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it may be closed already; the first error is the one that counts
			_ = os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 1<<20)
	if err = write(b); err != nil {
		return err
	}
	if err = b.Flush(); err != nil {
		return err
	}
	if finish != nil {
		if err = finish(f); err != nil {
			return err
		}
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
