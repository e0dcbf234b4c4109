package configs

// Nearest is the known name most like the one that was written, if any is
// close enough to be what was meant.
func Nearest(name string, known []string) (string, bool) { return nearest(name, known) }
