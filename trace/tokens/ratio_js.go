//go:build js

package tokens

// Default returns ByRatio: a web page should not load a vocabulary.
func Default() (Counter, error) { return ByRatio(CharactersPerToken), nil }
