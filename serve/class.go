package serve

import "agentsim/trace"

// The classes of what a session waits for after a turn, as a cache's times to
// live name them; named tools follow.
const (
	userClass = uint8(iota) // a person, or nothing more
	toolClass               // a tool without a name
	namedClass
)

// classes names the classes of the workload.
func (c *Config) classes() []string { return append([]string{"user", "tool"}, c.Tools...) }

// class is what the session will wait for after this turn: an engine reads it
// off the answer when it is out, and needs it no sooner.
func (a *call) class() uint8 {
	if a.turn+1 >= len(a.session.Turns) {
		return userClass
	}
	next := &a.session.Turns[a.turn+1]
	switch {
	case next.Tool > 0:
		return namedClass + next.Tool - 1
	case next.Kind == trace.Tool:
		return toolClass
	}
	return userClass
}
