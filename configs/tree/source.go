package tree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Source is where a configuration comes from: a name among the files of FS, a
// path, or a text at hand.
type Source struct {
	// Name is the file's name in FS, without extension and with the folder it
	// lies in, if any; or a path: anything else with a slash, or a .yaml ending.
	Name string
	// Text, if not nil, is the configuration; Name then only shows in errors.
	Text []byte
	// FS holds the configurations that go by name.
	FS fs.FS
	// ReadFile opens paths, those of overriding presets too; a relative path
	// in a file is relative to that file. Nil: paths are refused, as in a
	// web page. The command passes ReadFile.
	ReadFile func(name string) ([]byte, error)
}

// isPath tells a path from a name.
func isPath(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, extension) || strings.HasSuffix(name, ".yml")
}

// Beside is the source of another configuration, named as it stands in this
// one: a relative path is relative to this file.
func (s Source) Beside(name string) Source {
	if isPath(name) && isPath(s.Name) {
		name = beside(s.Name, name)
	}
	return Source{Name: name, FS: s.FS, ReadFile: s.ReadFile}
}

func (s Source) read() (*node, error) {
	switch {
	case s.Text != nil:
		return parseFile(s.Name, s.Text)
	case s.FS != nil:
		content, err := fs.ReadFile(s.FS, s.Name+extension)
		if err == nil {
			return parseFile(s.Name+extension, content)
		}
	}
	if isPath(s.Name) {
		return s.file(s.Name)
	}
	return nil, &Error{Path: quotedIfOdd(s.Name), Problem: unknown("name", s.Name, s.known()) + "; a file ends in .yaml"}
}

func (s Source) known() []string { return NamesIn(s.FS) }

// NamesIn lists the configurations of a file system by name, those of its
// folders as folder/name.
func NamesIn(files fs.FS) []string {
	names := namesIn(files, ".")
	if files == nil {
		return names
	}
	folders, err := fs.ReadDir(files, ".")
	if err != nil {
		return names
	}
	for _, folder := range folders {
		for _, name := range namesIn(files, folder.Name()) {
			names = append(names, path.Join(folder.Name(), name))
		}
	}
	return names
}

// Extended is where the configuration that this one extends comes from.
func (s Source) Extended() (Source, error) {
	n, err := s.read()
	if err != nil {
		return Source{}, err
	}
	name := n.get(extendsKey)
	if name == nil || name.shape != text {
		return Source{}, &Error{At: n.at, Path: extendsKey, Value: "(not set)",
			Problem: "want the name or the path of a file of the same sort"}
	}
	return s.beside(n.at.File, name.scalar), nil
}

// beside is the configuration that one of this source's files names: another
// of its names, or a path as seen from that file.
func (s Source) beside(from, name string) Source {
	other := Source{Name: name, FS: s.FS, ReadFile: s.ReadFile}
	if isPath(name) && !slices.Contains(s.known(), name) {
		other.Name = beside(from, name)
	}
	return other
}

// file reads and parses a path.
func (s Source) file(name string) (*node, error) {
	content, err := s.open(name)
	if err != nil {
		return nil, &Error{Value: quotedIfOdd(name), Problem: err.Error(), cause: err}
	}
	return parseFile(name, content)
}

// open reads a path. Its error does not repeat the path.
func (s Source) open(name string) ([]byte, error) {
	if s.ReadFile == nil {
		return nil, errors.New("files cannot be read here")
	}
	content, err := s.ReadFile(name)
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		err = fault.Err
	}
	return content, err
}

// longestRead is what is read of any file that a configuration names; the largest
// there are, counts of experts, take a tenth of it.
const longestRead = 16 << 20

// ReadFile reads a file for Source.ReadFile. It stops at a limit, so that a device
// or a file that is no configuration is refused before it fills the memory.
func ReadFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longestRead+1))
	if err == nil && len(content) > longestRead {
		err = fmt.Errorf("is longer than the %d MiB that are read", longestRead>>20)
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return content, err
}

// beside is a path as written in a file, seen from where the program runs.
func beside(from, name string) string {
	if from == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(from), name)
}
