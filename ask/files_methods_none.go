//go:build js && !readers

package ask

// fileMethods are none: readers of files come with the tag readers.
func fileMethods() map[string]Method { return nil }
