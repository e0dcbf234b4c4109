// Package scenarios holds the named studies that come with the program, each
// with its question.
package scenarios

import "embed"

// FS holds the scenarios by name, as YAML.
//
//go:embed *.yaml
var FS embed.FS
