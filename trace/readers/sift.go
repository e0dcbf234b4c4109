package readers

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// inputsOf returns the inputs of all paths.
func inputsOf(paths []string) ([]input, error) {
	var out []input
	for _, path := range paths {
		found, err := list(path)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	if len(out) == 0 {
		return nil, errors.New("no trace given; want at least one file or directory")
	}
	return out, nil
}

// sift leaves out copies of files, and of the files that were found in a
// directory those that are of no format or of another one than most of them.
func (e *env) sift(inputs []input, format string) ([]input, error) {
	inputs, err := e.dropCopies(inputs)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(inputs, func(in input) bool { return in.found }) {
		e.nameSessions(inputs)
		return inputs, nil
	}
	kinds, err := kindsOf(inputs)
	if err != nil {
		return nil, err
	}
	chosen := format
	if format == Auto {
		chosen = mostly(inputs, kinds)
	}
	if chosen == "" || format != Auto && !slices.Contains(kinds, format) {
		if format == Auto {
			return nil, noneKnown(inputs)
		}
		e.nameSessions(inputs) // detection does not know them, but the user does
		return inputs, nil
	}
	var out []input
	var unknown, others []string
	for i, in := range inputs {
		switch {
		case !in.found || kinds[i] == chosen:
			out = append(out, in)
		case kinds[i] == "":
			unknown = append(unknown, filepath.Base(in.path))
		default:
			others = append(others, filepath.Base(in.path)+" ("+kinds[i]+")")
		}
	}
	e.noteFiles("files of no known format passed over", unknown)
	e.noteFiles("files of another format passed over", others)
	e.nameSessions(out)
	return out, nil
}

// noteFiles counts files under a note that names the first ones.
func (e *env) noteFiles(what string, names []string) {
	if len(names) > 0 {
		e.notes[what+": "+firstNames(names)] += len(names)
	}
}

func firstNames(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

func noneKnown(inputs []input) error {
	var names []string
	for _, in := range inputs {
		names = append(names, filepath.Base(in.path))
	}
	return fmt.Errorf("%s: none of the %d files is of a known trace format (%s); see agentsim trace formats",
		filepath.Dir(inputs[0].path), len(inputs), firstNames(names))
}

// kindsOf returns the format of each input, "" where it has none.
func kindsOf(inputs []input) ([]string, error) {
	kinds := make([]string, len(inputs))
	for i, in := range inputs {
		f, err := openFile(in)
		if err != nil {
			return nil, err
		}
		head, err := f.head()
		empty := errors.Is(err, errEmpty)
		known, ok := format{}, false
		if err == nil {
			known, ok, err = detect(in, head)
		}
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil && !empty {
			return nil, err
		}
		if ok {
			kinds[i] = known.name
		}
	}
	return kinds, nil
}

// mostly returns the format of the files that were named, or else the one that
// most bytes are in; of equal ones the first in the table. "" = none has any.
func mostly(inputs []input, kinds []string) string {
	bytes := map[string]int64{}
	for i, in := range inputs {
		if !in.found && kinds[i] != "" {
			return kinds[i]
		}
		bytes[kinds[i]] += in.size + 1
	}
	best := ""
	for _, name := range Formats() {
		if bytes[name] > 0 && (best == "" || bytes[name] > bytes[best]) {
			best = name
		}
	}
	return best
}

// dropCopies leaves out files that are given twice, or that hold the same bytes
// as another one.
func (e *env) dropCopies(inputs []input) ([]input, error) {
	sizes := map[int64]int{}
	for _, in := range inputs {
		sizes[in.size]++
	}
	seen := map[string]bool{}
	out := inputs[:0]
	var twice []string
	for _, in := range inputs {
		key := in.path
		if sizes[in.size] > 1 && in.parts == nil {
			sum, err := digest(in.path)
			if err != nil {
				return nil, err
			}
			key = cmp.Or(sum, key)
		}
		if seen[key] {
			twice = append(twice, filepath.Base(in.path))
			continue
		}
		seen[key] = true
		out = append(out, in)
	}
	e.noteFiles("copies of files left out", twice)
	return out, nil
}

// digest returns a hash of a file's bytes, and "" of what can be read only once.
func digest(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return string(sum.Sum(nil)), errors.Join(err, f.Close())
}

// nameSessions gives files that hold one session each, and have the same name
// in different directories, names that tell them apart.
func (e *env) nameSessions(inputs []input) {
	e.many = len(inputs) > 1
	count := map[string]int{}
	for _, in := range inputs {
		count[sessionName(in.path)]++
	}
	e.session = map[string]string{}
	for _, in := range inputs {
		if name := sessionName(in.path); count[name] > 1 {
			e.session[in.path] = filepath.ToSlash(filepath.Join(filepath.Dir(in.path), name))
		}
	}
}
