// Package scenarios holds the named studies that come with the program, each
// with its question.
package scenarios

import "embed"

// FS holds the scenarios by name, as YAML; those of the folder what-if change
// one thing about another and say what comes of it.
//
//go:embed *.yaml what-if/*.yaml
var FS embed.FS
