package llm

import "fmt"

// ComponentKind says how much of a sequence a cache component holds, and with
// it what a later request needs of it to reuse a prefix of x tokens.
type ComponentKind string

// The component kinds.
const (
	Grows      ComponentKind = "grows"  // entries of the whole context: reuse needs all of [0,x)
	LastTokens ComponentKind = "window" // entries of the last tokens: reuse needs [x-W,x)
	FixedState ComponentKind = "state"  // one state after token x: reuse needs the one taken at exactly x
)

// CacheComponent is one kind of entry that a model keeps of a sequence, in the
// layers that have it. Bytes are those of one layer on one rank without tensor
// parallelism, exact, without padding to pages:
//
//   - Grows: bytes per token of context, the bytes of an entry divided by the
//     Compression tokens that it stands for.
//   - LastTokens: bytes per token held, at most Window of them.
//   - FixedState: bytes of one state.
type CacheComponent struct {
	Name        string
	Kind        ComponentKind
	Layers      int
	Bytes       float64
	Window      int // tokens; 0 but for LastTokens
	Compression int // tokens of context behind one entry, or that a buffer's run has; 1 where each token has its own
	Shards      int // over how many tensor-parallel ranks it can be divided; 1 = every rank holds all
	// Buffer marks what a compressor keeps of tokens that it has not pooled
	// yet: not cache entries, but what a running sequence needs to go on.
	Buffer bool
}

// Total is Bytes over all layers that have the component.
func (c CacheComponent) Total() float64 { return float64(c.Layers) * c.Bytes }

// CacheComponents lists what the main stack keeps of a sequence, layers of
// equal components taken together, in the order of the stack. Names are unique.
func (s *Spec) CacheComponents(f CacheFormat) []CacheComponent {
	return stackComponents(s.Blocks, f)
}

// DraftComponents lists what the draft layers keep, as CacheComponents does.
func (s *Spec) DraftComponents(f CacheFormat) []CacheComponent {
	if s.MTP == nil {
		return nil
	}
	return stackComponents([]Block{*s.MTP}, f)
}

func stackComponents(blocks []Block, f CacheFormat) []CacheComponent {
	var all []CacheComponent
	for _, b := range blocks {
		for _, c := range b.Attention.Components(f) {
			c.Layers = b.Count
			all = addComponent(all, c)
		}
	}
	return all
}

// addComponent adds the layers of c to those of its equal. A component that
// shares the name alone gets a number behind it.
func addComponent(all []CacheComponent, c CacheComponent) []CacheComponent {
	name := c.Name
	for n := 2; ; n++ {
		taken := false
		for i := range all {
			same := all[i]
			if same.Name != c.Name {
				continue
			}
			same.Layers = c.Layers
			if same == c {
				all[i].Layers += c.Layers
				return all
			}
			taken = true
		}
		if !taken {
			return append(all, c)
		}
		c.Name = fmt.Sprintf("%s_%d", name, n)
	}
}

// layerComponents is what one layer keeps, in a list that needs no memory of
// its own; lines without a kind are empty.
type layerComponents [5]CacheComponent

// each lists what one layer keeps of a sequence.
func (a Attention) each(f CacheFormat) layerComponents {
	kind := a.kind()
	list := kind.components(a, f)
	for i := range list {
		list[i].Layers = 1
		if list[i].Shards == 0 {
			list[i].Shards = kind.shards(a)
		}
	}
	return list
}

// Components lists what one layer keeps of a sequence.
func (a Attention) Components(f CacheFormat) []CacheComponent {
	var list []CacheComponent
	for _, c := range a.each(f) {
		if c.Kind != "" {
			list = append(list, c)
		}
	}
	return list
}

// growing is a component with an entry for every compression tokens of context.
func growing(name string, entryBytes float64, compression int) CacheComponent {
	return CacheComponent{
		Name:        name,
		Kind:        Grows,
		Bytes:       entryBytes / float64(compression),
		Compression: compression,
	}
}

// lastTokens is a component with an entry for each of the last tokens.
func lastTokens(name string, entryBytes float64, tokens int) CacheComponent {
	return CacheComponent{
		Name:        name,
		Kind:        LastTokens,
		Bytes:       entryBytes,
		Window:      tokens,
		Compression: 1,
	}
}

// buffered is what a compressor keeps of the tokens of the run in progress and,
// where it pools several runs at once, of those before.
func buffered(name string, tokenBytes float64, run, pooled int) CacheComponent {
	return CacheComponent{
		Name:        name,
		Kind:        LastTokens,
		Bytes:       tokenBytes,
		Window:      run * pooled,
		Compression: run,
		Buffer:      true,
	}
}

// fixedState is a component of one state a sequence.
func fixedState(name string, bytes float64) CacheComponent {
	return CacheComponent{Name: name, Kind: FixedState, Bytes: bytes, Compression: 1}
}
