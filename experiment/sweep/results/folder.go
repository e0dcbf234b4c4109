package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/files"
)

// Write stores a table, in the forms that its manifest lists, and the manifest
// in a folder. Every file is written aside and then renamed; the manifest comes
// last.
func Write(dir string, t *sweep.Table, m *Manifest) error {
	for _, f := range []struct {
		output, name string
		write        func(io.Writer, *sweep.Table) error
	}{{sweep.Parquet, parquetFile, WriteParquet}, {sweep.JSONL, jsonlFile, WriteJSONL}, {sweep.CSV, csvFile, WriteCSV}} {
		if !slices.Contains(m.Outputs, f.output) {
			continue
		}
		var b bytes.Buffer
		if err := f.write(&b, t); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := files.Keep(filepath.Join(dir, f.name), b.Bytes()); err != nil {
			return err
		}
	}
	return WriteManifest(dir, m)
}

// WriteManifest stores a manifest alone.
func WriteManifest(dir string, m *Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return files.Keep(filepath.Join(dir, manifestFile), append(text, '\n'))
}

// Read reads the table of a folder, or of a Parquet file.
func Read(path string) (*sweep.Table, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, err)
	}
	if info.IsDir() {
		path = filepath.Join(path, parquetFile)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, notThere(path, err)
	}
	t, err := ReadParquet(content)
	if err != nil {
		return nil, &configs.Error{Path: path, Problem: err.Error()}
	}
	return t, nil
}

func notThere(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return &configs.Error{Path: path, Problem: "is not there: want the folder that a sweep wrote, or its " + parquetFile}
	}
	return err
}
