package report

import "agentsim/files"

// WriteFile writes a whole file or nothing; see package files.
func WriteFile(name string, content []byte) error { return files.Write(name, content) }
