package report

import (
	"bytes"
	"io"
	"maps"
	"slices"
)

func newReader(text []byte) io.Reader { return bytes.NewReader(text) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
