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
	Compression int // tokens of context behind one entry; 1 where each token has its own
	Shards      int // over how many tensor-parallel ranks it can be divided; 1 = every rank holds all
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

// Components lists what one layer keeps of a sequence. Compressor states are
// addressed by token: the run in progress and, for CSA, the one before, with
// which it is pooled (DeepSeek-V4 report).
func (a Attention) Components(f CacheFormat) []CacheComponent {
	entry, index := a.entryBytes(f.KV), a.indexBytes(f.Index)
	grows := func(name string, bytes float64, compression int) CacheComponent {
		return CacheComponent{
			Name:        name,
			Kind:        Grows,
			Layers:      1,
			Bytes:       bytes / float64(compression),
			Compression: compression,
			Shards:      a.CacheShards(),
		}
	}
	window := func(name string, bytes float64, tokens int) CacheComponent {
		return CacheComponent{
			Name:        name,
			Kind:        LastTokens,
			Layers:      1,
			Bytes:       bytes,
			Window:      tokens,
			Compression: 1,
			Shards:      a.CacheShards(),
		}
	}
	const valuesAndScores = 2
	perToken := func(width int) float64 { return valuesAndScores * bytesFP32 * float64(width) }
	switch a.Kind {
	case GQA:
		return []CacheComponent{grows("kv", entry, 1)}
	case Window, SWA:
		return []CacheComponent{window("window_kv", entry, a.Window)}
	case MLA:
		return []CacheComponent{grows("latent", entry, 1)}
	case DSA:
		return []CacheComponent{grows("latent", entry, 1), grows("index_keys", index, 1)}
	case CSA:
		span := compressorOverlap * a.Compress
		return []CacheComponent{
			grows("csa_kv", entry, a.Compress),
			grows("csa_index_keys", index, a.Compress),
			window("window_kv", entry, a.Window),
			window("csa_state", compressorOverlap*perToken(a.HeadDim), span),
			window("csa_index_state", compressorOverlap*perToken(a.IndexDim), span),
		}
	case HCA:
		return []CacheComponent{
			grows("hca_kv", entry, a.Compress),
			window("window_kv", entry, a.Window),
			window("hca_state", perToken(a.HeadDim), a.Compress),
		}
	case Linear:
		return []CacheComponent{{
			Name:        "linear_state",
			Kind:        FixedState,
			Layers:      1,
			Bytes:       a.StateBytes(),
			Compression: 1,
			Shards:      a.CacheShards(),
		}}
	}
	return nil
}
