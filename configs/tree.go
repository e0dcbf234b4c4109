package configs

import (
	"io/fs"

	"agentsim/configs/tree"
)

// What a reader of configurations meets of package tree, under one roof with the
// scenario.
type (
	// Source is where a configuration comes from.
	Source = tree.Source
	// Library is a set of presets by kind.
	Library = tree.Library
	// Preset is the name of a preset and where in a configuration it belongs.
	Preset = tree.Preset
	// Provenance remembers where everything in a configuration was written.
	Provenance = tree.Provenance
	// Position is where a value was written.
	Position = tree.Position
	// Error is a fault in a configuration, with its place.
	Error = tree.Error
	// Field is one number of a configuration and what it rests on.
	Field = tree.Field
	// Value is what stands at a path of a configuration.
	Value = tree.Value
	// Difference is a field to which two configurations give different values.
	Difference = tree.Difference
	// Input is one thing that is not known about a configuration.
	Input = tree.Input
	// PresetValue is a number of a preset with what it rests on.
	PresetValue = tree.PresetValue
	// Base is a configuration to be loaded many times.
	Base[T any] = tree.Base[T]
)

// The kinds of distributions between two ends.
const (
	UniformSpread       = tree.UniformSpread
	LogUniformSpread    = tree.LogUniformSpread
	TriangularSpread    = tree.TriangularSpread
	LogTriangularSpread = tree.LogTriangularSpread
	LogNormalSpread     = tree.LogNormalSpread
)

// Given is the basis of a number that stands in a scenario or an override.
const Given = tree.Given

// Load reads a configuration of type T, as tree.Load does.
func Load[T any](library *Library, source Source, sets []string) (*T, *Provenance, error) {
	return tree.Load[T](library, source, sets)
}

// LoadPreset reads one preset of a kind by its name, as T.
func LoadPreset[T any](library *Library, kind, name string, sets []string) (*T, *Provenance, error) {
	return tree.LoadPreset[T](library, kind, name, sets)
}

// NewBase prepares a configuration for being loaded many times.
func NewBase[T any](library *Library, source Source) *Base[T] {
	return tree.NewBase[T](library, source)
}

// Differences lists all fields in which two configurations differ.
func Differences[T any](a, b T) []Difference { return tree.Differences(a, b) }

// Mix returns a with those of the differing fields replaced by b's that fromB
// accepts by their path.
func Mix[T any](a, b T, fromB func(path string) bool) T { return tree.Mix(a, b, fromB) }

// CheckPath reports a path that leads to no field of a configuration of type T.
func CheckPath[T any](path string) error { return tree.CheckPath[T](path) }

// Digest identifies a configuration: equal digests, equal values in every field.
func Digest[T any](value T) string { return tree.Digest(value) }

// NamesIn lists the configurations of a file system by name.
func NamesIn(files fs.FS) []string { return tree.NamesIn(files) }

// ReadFile reads a file up to a limit, for Source.ReadFile.
func ReadFile(name string) ([]byte, error) { return tree.ReadFile(name) }

// Nearest is the known name most like the one that was written.
func Nearest(name string, known []string) (string, bool) { return tree.Nearest(name, known) }

// Holds says whether a path is a field or lies inside it.
func Holds(field, path string) bool { return tree.Holds(field, path) }

// OpeningComment is what a file says of itself before anything else.
func OpeningComment(content []byte) string { return tree.OpeningComment(content) }

// FirstSentence is that of a comment, without its full stop.
func FirstSentence(comment string) string { return tree.FirstSentence(comment) }
