package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/report"
)

// subjects gathers what the result of a command will be about: the scenarios
// that it loads and the files that it reads.
type subjects struct {
	mu        sync.Mutex
	scenarios []subject
	files     []metrics.Digest
}

type subject struct {
	*configs.Scenario
	sets     []string
	defaults []string
}

func (s subject) inputs() *metrics.Inputs {
	return ask.InputsOf(s.Scenario, s.sets, s.defaults, version())
}

// noteFile remembers a file that was read, by its content.
func (s *subjects) noteFile(name string, content []byte) {
	digest := sha256.Sum256(content)
	s.add(metrics.Digest{File: name, SHA256: hex.EncodeToString(digest[:])})
}

func (s *subjects) add(d metrics.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.files, d) {
		s.files = append(s.files, d)
	}
}

// noteTrace remembers a file too large to be held in memory. One that cannot
// be read is told of by whoever needs it.
func (s *subjects) noteTrace(name string) {
	file, err := os.Open(name)
	if err != nil {
		return
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err == nil {
		s.add(metrics.Digest{File: name, SHA256: hex.EncodeToString(digest.Sum(nil))})
	}
}

// reading wraps a reader of files so that what it reads is remembered.
func (s *subjects) reading(read func(string) ([]byte, error)) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		content, err := read(name)
		if err == nil {
			s.noteFile(name, content)
		}
		return content, err
	}
}

// inputs says what the result of this command is about, as it stands now: a
// deployment that was chosen in the meantime is the chosen one.
func (a *app) inputs() *metrics.Inputs {
	all := &metrics.Inputs{}
	for _, s := range a.about.scenarios {
		for _, file := range s.Traces() {
			a.about.noteTrace(file)
		}
	}
	switch len(a.about.scenarios) {
	case 0:
	case 1:
		*all = *a.about.scenarios[0].inputs()
	default:
		for _, s := range a.about.scenarios {
			all.Scenarios = append(all.Scenarios, *s.inputs())
		}
	}
	all.Overrides = append([]string{}, a.settings.GetStringSlice("set")...)
	all.Files = append([]metrics.Digest{}, a.about.files...)
	slices.SortFunc(all.Files, func(x, y metrics.Digest) int { return cmp.Compare(x.File, y.File) })
	all.Version = version()
	return all
}

// writeResult writes a result in the format that was asked for, with its inputs.
func writeResult[T any](
	a *app, r T, table func(io.Writer, T, report.Style) error, rows func(io.Writer, T) error,
) error {
	return a.write(func(b *strings.Builder) error {
		switch a.settings.GetString("output") {
		case "json":
			return a.writeJSON(b, r)
		case "csv":
			return a.writeCSV(b, func(text *strings.Builder) error { return rows(text, r) })
		}
		return errors.Join(table(b, r, a.style()), a.writeInputs(b))
	})
}

// rowOf writes a result as one row: its numbers by their paths in the JSON.
func rowOf[T any](w io.Writer, result T) error { return report.CSV(w, result) }

// writeJSON writes a result with its inputs on top.
func (a *app) writeJSON(b *strings.Builder, result any) error {
	return report.JSON(b, report.WithInputs(a.inputs(), result))
}

// writeInputs adds them to a table for people.
func (a *app) writeInputs(b *strings.Builder) error { return report.Inputs(b, a.inputs(), a.style()) }

// writeCSV writes rows under a header, each with the inputs in further columns.
func (a *app) writeCSV(b *strings.Builder, rows func(*strings.Builder) error) error {
	var text strings.Builder
	if err := rows(&text); err != nil {
		return err
	}
	return report.CSVWithInputs(b, text.String(), a.inputs())
}

// checkFigure says whether --plot names a file of a kind that can be drawn; empty
// is none.
func checkFigure(file string) error {
	if file != "" && !slices.Contains([]string{".png", ".svg"}, filepath.Ext(file)) {
		return fmt.Errorf("--plot %q: want a file that ends in .png or .svg", file)
	}
	return nil
}

// stamp writes the inputs into figures that lie there.
func (a *app) stamp(files ...string) error {
	for _, file := range files {
		if err := report.StampFigure(file, a.inputs()); err != nil {
			return err
		}
	}
	return nil
}

// asksElse says whether an override makes another question of a scenario:
// those of the protocol change only how exactly it is answered.
func (a *app) asksElse() bool {
	return slices.ContainsFunc(a.settings.GetStringSlice("set"), func(set string) bool {
		path, _, _ := strings.Cut(set, "=")
		return !configs.Holds("protocol", strings.TrimSpace(path))
	})
}
