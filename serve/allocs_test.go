package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// memorised is a Sessions that allocates nothing: a few sessions, again and
// again, in turns that are long enough from the beginning.
type memorised []trace.Session

func memorise(n int) memorised {
	m := make(memorised, n)
	for i := range m {
		if play(chat).Session(i, 0, &m[i]) != nil {
			panic("play never fails")
		}
	}
	return m
}

func (m memorised) Session(agent, k int, out *trace.Session) error {
	const longest = 16
	if cap(out.Turns) < longest {
		out.Turns = make([]trace.Turn, 0, longest)
	}
	s := &m[(agent*7+k+1000)%len(m)]
	out.Shared, out.Turns = s.Shared, append(out.Turns[:0], s.Turns...)
	return nil
}

// Once queues and books have grown to what they need, serving allocates
// nothing. The samples of a window are given their room beforehand.
func TestServingAllocatesNothing(t *testing.T) {
	sessions := memorise(50)
	for _, name := range []string{"aggregated", "drafts", "small pool batch", "retaining little", "little memory",
		"host tier", "kv aware"} {
		cfg := designs()[name]
		cfg.Sessions = sessions
		c := build(t, cfg)
		require.NoError(t, c.Run(150))
		const samples = 10000
		c.tally.TTFT, c.tally.Speed = make([]float64, 0, samples), make([]float64, 0, samples)
		require.Zero(t, testing.AllocsPerRun(4, func() {
			c.OpenWindow()
			require.NoError(t, c.Run(10))
			c.Window()
		}), name)
		require.Less(t, len(c.tally.TTFT), samples)
	}
}
