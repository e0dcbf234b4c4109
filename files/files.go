// Package files writes files whole or not at all. What a name stands for is
// respected: a symbolic link is followed and stays, and what is no regular file
// (a pipe, a device, a socket of a shell) is written to and never replaced.
package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts the content under a name. A loss of power may still take it.
func Write(name string, content []byte) error {
	return Fill(name, func(f *os.File) error { return writeAll(f, content) })
}

// Keep is Write, and returns when the content is on the disk.
func Keep(name string, content []byte) error {
	return Fill(name, func(f *os.File) error {
		if err := writeAll(f, content); err != nil {
			return err
		}
		return f.Sync()
	})
}

func writeAll(f *os.File, content []byte) error {
	_, err := f.Write(content)
	return err
}

// Fill lets fill write to a new file, which takes the name when it is complete;
// a failure leaves nothing half written and an older file as it was. Fill may
// seek. Where the name stands for no regular file, the new one is copied to it.
func Fill(name string, fill func(*os.File) error) error {
	if err := replace(name, fill); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func replace(name string, fill func(*os.File) error) error {
	const readable fs.FileMode = 0o644
	mode := readable
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return errors.New("it is a folder: want a file")
	case err == nil && !info.Mode().IsRegular():
		return through(name, fill)
	case err == nil:
		mode = info.Mode().Perm()
	}
	target, err := behind(name)
	if err != nil {
		return err
	}
	return aside(filepath.Dir(target), filepath.Base(target), fill, func(f *os.File) error {
		if err := f.Chmod(mode); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(f.Name(), target)
	})
}

// aside fills a new file in a folder and hands it to finish, which may rename
// it; what is left of it then goes.
func aside(dir, base string, fill, finish func(*os.File) error) (err error) {
	f, err := os.CreateTemp(dir, "."+base+"-*")
	if err != nil {
		return withoutName(err)
	}
	defer func() {
		if err != nil {
			f.Close() // it may be closed already; the first error is the one that counts
			os.Remove(f.Name())
		}
	}()
	if err = fill(f); err != nil {
		return err
	}
	return finish(f)
}

// through copies what fill writes to something that is no regular file. Little
// is certain about such things, so fill works on a file in between.
func through(name string, fill func(*os.File) error) error {
	var content bytes.Buffer
	err := aside("", "agentsim", fill, func(f *os.File) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(&content, f); err != nil {
			return err
		}
		f.Close()
		return os.Remove(f.Name())
	})
	if err != nil {
		return err
	}
	out, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return withoutName(err)
	}
	_, err = out.Write(content.Bytes())
	return errors.Join(err, out.Close())
}

// behind is the file that a name stands for, links followed. The last of them
// may point to where nothing is yet.
func behind(name string) (string, error) {
	const linksMax = 40 // as kernels allow
	for range linksMax {
		info, err := os.Lstat(name)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return name, nil
		}
		to, err := os.Readlink(name)
		if err != nil {
			return "", withoutName(err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(name), to)
		}
		name = to
	}
	return "", errors.New("too many links")
}

// withoutName drops the name of a file in between from an error.
func withoutName(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
