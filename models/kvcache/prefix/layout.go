package prefix

import (
	"fmt"
	"math"
	"slices"

	"agentsim/fault"
	"agentsim/portable"
	"agentsim/units"
)

// PoolKind is how an engine divides memory over components.
type PoolKind string

// The kinds of pools.
const (
	OneOfSlots PoolKind = "slots"  // one pool of slots of equal bytes, for any component (vLLM)
	ByRatio    PoolKind = "ratio"  // a pool of what grows, one of windows, one of states (SGLang)
	ByGroup    PoolKind = "groups" // a pool for each life time: what grows, each window, states (TensorRT-LLM)
	Shared     PoolKind = "shared" // one pool of pages of their own bytes, for any component
)

// Part is one kind of entry of a model's cache, as the model tells it.
type Part struct {
	Name   string
	Kind   Kind
	Layers int
	Bytes  float64 // of one layer on this rank: per token of context, per token held, or of a state
	Window int     // tokens; 0 but for windows
}

func (p *Part) total() float64 { return float64(p.Layers) * p.Bytes }

// Arrange lays a model's cache out in pages of so many tokens as an engine
// does, with windows longer by the tokens of a draft. It returns the components
// and the names of the pools that they number.
//
// In slots (engine-caches.md 3) a page of any component takes the same bytes,
// so windows have as few tokens a page as fit beside the page of what grows,
// a power of two; where there are states, the page grows until it holds one
// of as many layers.
func Arrange(kind PoolKind, parts []Part, page, draft int) (components []Component, pools []string, err error) {
	if page < 1 || page > maxPage {
		return nil, nil, fault.Want("page", page, "1 to 65536 tokens")
	}
	if !slices.ContainsFunc(parts, func(p Part) bool { return p.Kind == Grows }) {
		return nil, nil, fault.New("", "a cache of which nothing grows with the context: want full attention in a layer")
	}
	switch kind {
	case OneOfSlots:
		components, err = inSlots(parts, page, draft)
		return components, []string{"blocks"}, err
	case ByRatio, ByGroup, Shared:
		components, pools = inPools(kind, parts, page, draft)
		return components, pools, nil
	}
	return nil, nil, fault.Want("pools", kind, "slots, ratio, groups or shared")
}

// history is what grows, as one component.
func history(parts []Part, page int) (c Component, layers int) {
	perToken := 0.0
	for i := range parts {
		if parts[i].Kind == Grows {
			perToken += parts[i].total()
			layers += parts[i].Layers
		}
	}
	return Component{Name: "history", Kind: Grows, Page: page, Bytes: units.Bytes(perToken * float64(page))}, layers
}

// inPools gives every life time a component of whole pages, and a pool by kind.
func inPools(kind PoolKind, parts []Part, page, draft int) ([]Component, []string) {
	first, _ := history(parts, page)
	components, pools := []Component{first}, []string{"history"}
	pool := func(name string) int {
		if i := slices.Index(pools, name); i >= 0 {
			return i
		}
		pools = append(pools, name)
		return len(pools) - 1
	}
	for i := range parts {
		p := &parts[i]
		c := Component{Name: p.Name, Kind: p.Kind, Page: page, Bytes: units.Bytes(p.total())}
		name := "states"
		switch p.Kind {
		case Grows:
			continue
		case Window:
			c.Window, c.Recent = p.Window, draft
			c.Bytes *= units.Bytes(page)
			name = "window"
			if kind == ByGroup {
				name = fmt.Sprintf("window %d", p.Window)
			}
		}
		if kind != Shared {
			c.Pool = pool(name)
		}
		same := slices.IndexFunc(components, func(d Component) bool {
			return d.Kind == c.Kind && d.Window == c.Window && d.Pool == c.Pool
		})
		if same > 0 {
			components[same].Name += "+" + c.Name
			components[same].Bytes += c.Bytes
			continue
		}
		components = append(components, c)
	}
	return components, pools
}

// inSlots finds pages of about equal bytes.
func inSlots(parts []Part, page, draft int) ([]Component, error) {
	first, layers := history(parts, page)
	perToken := float64(first.Bytes) / float64(page)
	groups := func(p *Part) int { return max((p.Layers+layers-1)/layers, 1) } // of as many layers as grow
	tokens := float64(page)
	for i := range parts {
		if p := &parts[i]; p.Kind == State {
			each := p.total() / float64(groups(p))
			tokens = max(tokens, float64(page)*math.Ceil(each/(float64(page)*perToken)))
		}
	}
	if tokens > maxPage {
		return nil, fault.New("", "a page of %.4g tokens to hold a state: want at most %d", tokens, maxPage)
	}
	first.Page, first.Bytes = int(tokens), units.Bytes(tokens*perToken)
	components := []Component{first}
	for _, p := range together(parts) {
		c := Component{
			Name:   p.Name,
			Kind:   p.Kind,
			Page:   first.Page,
			Bytes:  first.Bytes,
			Groups: groups(&p),
		}
		switch p.Kind {
		case Grows:
			continue
		case Window:
			c.Window, c.Recent = p.Window, draft
			most := float64(first.Bytes) / (p.total() / float64(c.groups()))
			c.Page = min(1<<int(math.Floor(portable.Log2(max(most, 1)))), first.Page)
			if first.Page%c.Page != 0 {
				c.Page = first.Page
			}
		}
		components = append(components, c)
	}
	return components, nil
}

// together takes parts as one that the same layers hold for as long.
func together(parts []Part) []Part {
	var all []Part
	for _, p := range parts {
		i := slices.IndexFunc(all, func(q Part) bool {
			return q.Kind == p.Kind && q.Window == p.Window && q.Layers == p.Layers
		})
		if i < 0 {
			all = append(all, p)
			continue
		}
		all[i].Name += "+" + p.Name
		all[i].Bytes += p.Bytes
	}
	return all
}
