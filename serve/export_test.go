package serve

// Naively makes every decode step of a cluster an event of its own.
func Naively(c *Config) { naively(c) }
