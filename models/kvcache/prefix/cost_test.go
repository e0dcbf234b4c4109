package prefix

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache"
	"agentsim/units"
)

// agents is a crowd of sessions that append to their contexts, turn by turn,
// begin anew at a limit, and keep a rank's memory full.
type agents struct {
	prompt []int
	next   int
	now    float64
}

const (
	crowd     = 64
	turnGrows = 900
	generated = 300
	contexts  = 60_000
	toolsTake = 5_000
)

func (a *agents) turn() (id, prompt, common int) {
	id = a.next % crowd
	a.next++
	a.now++
	if len(a.prompt) <= id {
		a.prompt = append(a.prompt, toolsTake+700*id)
		return id, a.prompt[id], 0
	}
	common = a.prompt[id] + generated
	if common > contexts {
		a.prompt[id] = toolsTake + 1_000
		return id, a.prompt[id], 0
	}
	a.prompt[id] = common + turnGrows
	return id, a.prompt[id], common
}

// oneOfMany is a rank that holds a third of the crowd in one component, and a
// quarter below.
func oneOfMany() Spec {
	s := oneComponent(crowd*contexts/3, 256, 1)
	s.Tiers = []kvcache.TierSpec{{Name: kvcache.Host, Capacity: crowd * contexts / 4, Rate: 1}}
	return s
}

func (a *agents) play(contents *Contents, c *Cache) {
	id, prompt, common := a.turn()
	session := SessionID(id)
	if common == 0 {
		if c.spec.Policy.DropsStale {
			c.Drop(session)
		}
		contents.End(session)
	}
	contents.Begin(session, Turn{Prompt: prompt, Common: common, Echo: min(common, generated), Shared: toolsTake})
	r := Request{Session: session, Prompt: prompt, Reserve: 1024}
	c.Lookup(r)
	if _, ok := c.Admit(a.now, r); ok {
		c.Filled(a.now, session)
		c.Release(a.now, session, prompt+generated)
	}
}

// caches are the ones that cost is told of.
func caches(t testing.TB) map[string]Spec {
	scale := func(components []Component) []Component {
		for i := range components {
			components[i].Bytes = units.Bytes(components[i].Page)
		}
		return components
	}
	vllm := scale(v4VLLM())
	window := scale(v4SGLang())
	all := map[string]Spec{
		"one component": oneOfMany(),
		"vllm-0.23": {
			Components: vllm,
			Pools:      Slots(crowd*contexts*4, 256),
			Policy:     preset(t, "vllm-0.23").For(vllm, 1_024, 1),
		},
		"vllm-0.29": {
			Components: vllm,
			Pools:      Slots(crowd*contexts*4, 256),
			Policy:     preset(t, "vllm-0.29").For(vllm, 1_024, 1),
		},
		"sglang-window": {
			Components: window,
			Pools:      []Pool{{Name: "full", Capacity: crowd * contexts / 3}, {Name: "window", Capacity: 400_000}},
			Policy:     preset(t, "sglang-window").For(window, 8_192, 1),
		},
	}
	return all
}

func TestACallAllocatesNothing(t *testing.T) {
	for name, spec := range caches(t) {
		contents := NewContents()
		c, err := New(spec, contents)
		require.NoError(t, err, name)
		a := agents{}
		for range 200 * crowd {
			a.play(contents, c)
		}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			for range crowd {
				a.play(contents, c)
			}
		}), name)
		requireLaws(t, c)
		require.Positive(t, c.Stats().Evictions[0], name)
	}
}

func TestTheCacheStaysSmallHoweverLongContextsAre(t *testing.T) {
	for name, spec := range caches(t) {
		contents := NewContents()
		c, err := New(spec, contents)
		require.NoError(t, err, name)
		a := agents{}
		for range 300 * crowd {
			a.play(contents, c)
		}
		require.Less(t, len(c.tree.nodes), 40*crowd, name)
		require.Less(t, len(c.tree.marks), 80*crowd, name)
		require.Less(t, len(contents.lines), 40*crowd, name)
	}
}

// BenchmarkCall sets a call on what engines keep beside one with a single
// component.
func BenchmarkCall(b *testing.B) {
	for _, name := range []string{"one component", "vllm-0.23", "vllm-0.29", "sglang-window"} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			contents := NewContents()
			c, err := New(caches(b)[name], contents)
			require.NoError(b, err)
			a := agents{}
			for b.Loop() {
				a.play(contents, c)
			}
			b.ReportMetric(c.stats.HitRate(), "hit")
			b.ReportMetric(float64(len(c.tree.nodes)), "nodes")
			b.ReportMetric(float64(len(c.tree.marks)), "marks")
		})
	}
}
