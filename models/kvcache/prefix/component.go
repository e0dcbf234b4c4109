package prefix

import "agentsim/units"

// Kind says how much of a sequence a component holds.
type Kind string

// The kinds of components.
const (
	Grows  Kind = "grows"  // entries of the whole context: reuse of x tokens needs all of [0,x)
	Window Kind = "window" // entries of the last tokens: reuse needs [x-W,x)
	State  Kind = "state"  // one state after token x: reuse needs the one taken at exactly x
)

// Component is one part of a model's cache on one rank, all layers together.
type Component struct {
	Name   string      `yaml:"name"`
	Kind   Kind        `yaml:"kind"`
	Page   int         `yaml:"page"`             // tokens of one page; of a state, what its positions are multiples of
	Bytes  units.Bytes `yaml:"bytes"`            // of one page, or of one state
	Window int         `yaml:"window,omitempty"` // tokens; 0 but for windows
	Pool   int         `yaml:"pool,omitempty"`   // number of its pool
	Groups int         `yaml:"groups,omitempty"` // pages that it takes side by side, as layer groups do; 0 = 1
	States int         `yaml:"states,omitempty"` // states that a running request holds; 0 = 1
	Recent int         `yaml:"recent,omitempty"` // tokens by which drafts lengthen the window
}

// span is how many tokens before a position its window reaches.
func (c *Component) span() int { return c.Window + c.Recent - 1 }

func (c *Component) groups() int { return max(c.Groups, 1) }

// checkpointPages is what one position takes that lies so many tokens behind
// the one before it: pages that both need are there already.
func (c *Component) checkpointPages(distance int, whole bool) int {
	switch c.Kind {
	case Window:
		apart := pagesOver(distance, c.Page)
		if whole {
			return c.groups() * apart
		}
		return c.groups() * min(apart, pagesOver(c.span(), c.Page))
	case State:
		return c.groups()
	}
	return 0
}

// RunningPages is what a request holds while it runs, with so many tokens in
// all and so many of them in flight: its whole context, or its window and what
// is in flight behind it, wherever that begins in a page (engine-caches.md 3).
func (c *Component) RunningPages(tokens, inFlight int) int {
	switch c.Kind {
	case Window:
		return c.groups() * (pagesOver(min(c.span()+inFlight, max(tokens, 1)), c.Page) + 1)
	case State:
		return c.groups() * max(c.States, 1)
	}
	return c.groups() * pagesOver(tokens, c.Page)
}

func pagesOver(tokens, page int) int { return (tokens + page - 1) / page }

// align is the distance of the positions at which all components have whole
// pages: the least common multiple of their pages.
func align(components []Component) int {
	all := 1
	for i := range components {
		all = all / gcd(all, components[i].Page) * components[i].Page
	}
	return all
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
