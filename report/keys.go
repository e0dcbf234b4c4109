package report

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"slices"
)

func newReader(text []byte) io.Reader { return bytes.NewReader(text) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
