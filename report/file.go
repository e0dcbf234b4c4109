package report

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile writes a whole file or nothing: the content goes to a new file
// beside it, which then takes its name.
func WriteFile(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("writing %s: %w", name, err)
		}
	}()
	if _, err = f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	const readable = 0o644
	if err = os.Chmod(f.Name(), readable); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
