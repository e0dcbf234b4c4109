//go:build !js

package configs

import "agentsim/configs/tree"

// Schema is the JSON Schema of configurations of type T.
func Schema[T any](library *Library) ([]byte, error) {
	all := words()
	return tree.Schema[T](library, func(f FieldType) (string, []string) {
		m := explain(f, all)
		return m.Meaning, m.Among
	})
}
