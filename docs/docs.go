// Package docs holds what the page shows of the documents, so that there is one
// story: the lessons, and the gap that they take apart.
package docs

import _ "embed"

// Learn is LEARN.md; the page takes its story from the marked parts.
//
//go:embed LEARN.md
var Learn []byte

// Gap is the comparison of the lessons as JSON; `make learn` writes it.
//
//go:embed figures/gap.json
var Gap []byte
