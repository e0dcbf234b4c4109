package trace

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

type callList []Call

func (l *callList) Read(c *Call) error {
	if len(*l) == 0 {
		return io.EOF
	}
	*c, *l = (*l)[0], (*l)[1:]
	return nil
}

func treesOf(t *testing.T, opts PoolOptions, calls ...Call) *Pool {
	t.Helper()
	opts.Trees = true
	list := callList(calls)
	pool, err := NewPool(&list, opts)
	require.NoError(t, err)
	return pool
}

// from is when a call was in flight: from start to end, in seconds.
type from [2]float64

// timed is a call in flight for a while.
func timed(session, agent, parent string, turn int, when from) Call {
	return Call{Session: session, Agent: agent, Parent: parent, Turn: turn, Start: when[0], Gap: Unknown,
		Service: when[1] - when[0], Input: 100 * (turn + 1), Output: 1}
}

func TestTimesTellWhoWaitsForWhom(t *testing.T) {
	pool := treesOf(t, PoolOptions{},
		timed("s", "", "", 0, from{0, 4}),
		timed("s", "a", "", 0, from{5, 9}), // two at once, both waited for
		timed("s", "b", "", 0, from{5, 20}),
		timed("s", "b1", "b", 0, from{8, 9}), // a sub-agent's sub-agent
		timed("s", "", "", 1, from{22, 25}),
		timed("s", "c", "", 0, from{27, 90}), // goes on beside its parent
		timed("s", "", "", 2, from{30, 31}),
		timed("other", "", "", 0, from{3, 4}),
	)
	require.Equal(t, []int32{0, 5}, pool.Roots())
	var s Session
	pool.Session(0, &s)
	require.Equal(t, []Spawn{
		{Session: 1, After: 0, Join: 1, Delay: 1}, {Session: 2, After: 0, Join: 1, Delay: 1}, {Session: 4, After: 1, Delay: 2},
	}, s.Spawns)
	require.Equal(t, []float64{0, 22, 30}, s.At)
	require.Equal(t, []float32{0, 2, 5}, []float32{s.Turns[0].Gap, s.Turns[1].Gap, s.Turns[2].Gap},
		"turn 1 comes 2 s after b's answer, not 18 s after its own")
	pool.Session(2, &s)
	require.Equal(t, []Spawn{{Session: 3, After: 0}}, s.Spawns)
	require.Equal(t, []float64{0}, s.At)
	require.True(t, pool.SubAgent(3))
	require.False(t, pool.SubAgent(5))
}

// Whole seconds hide which of two events in one second came first.
func TestClocksOfWholeSeconds(t *testing.T) {
	pool := treesOf(t, PoolOptions{}, timed("s", "", "", 0, from{0, 3}), timed("s", "a", "", 0, from{4, 9.4}),
		timed("s", "", "", 1, from{9, 10}))
	var s Session
	pool.Session(0, &s)
	require.EqualValues(t, 1, s.Spawns[0].Join)
	require.Zero(t, s.Turns[1].Gap)
}

func TestFormatsThatTellWhoWaits(t *testing.T) {
	told := func(session, parent string, turn, after int, joins bool) Call {
		c := timed(session, "", parent, turn, from{0, 0})
		c.Start, c.Service, c.After, c.Joins = Unknown, Unknown, after, joins
		return c
	}
	pool := treesOf(t, PoolOptions{}, told("p", "", 0, 0, false), told("p", "", 1, 0, false), told("p", "", 2, 0, false),
		told("p", "", 3, 0, true), told("child", "p", 0, 2, false), told("beside", "p", 0, 4, false))
	var s Session
	pool.Session(0, &s)
	require.Equal(t, []Spawn{{Session: 1, After: 1, Join: 3}, {Session: 2, After: 3}}, s.Spawns)
	require.Equal(t, []float64{Unknown, Unknown, Unknown, Unknown}, s.At)
}

func TestSpeedupAndGapScale(t *testing.T) {
	pool := treesOf(t, PoolOptions{Speedup: 4, GapScale: 0.5, GapMax: 3}, timed("s", "", "", 0, from{8, 9}),
		timed("s", "", "", 1, from{13, 14}), timed("s", "", "", 2, from{28, 29}))
	var s Session
	pool.Session(0, &s)
	require.Equal(t, 2.0, s.Start)
	require.Equal(t, []float64{0, 1.25, 5}, s.At)
	require.Equal(t, []float32{0, 2, 3}, []float32{s.Turns[0].Gap, s.Turns[1].Gap, s.Turns[2].Gap})
}

func TestParentsThatAreNotThere(t *testing.T) {
	pool := treesOf(t, PoolOptions{FirstInputMax: 150}, Call{Session: "p", Input: 999}, timed("c", "", "p", 0, from{5, 6}))
	require.Equal(t, []int32{0}, pool.Roots(), "a child whose parent was left out begins by itself")
	list := callList{timed("a", "", "b", 0, from{0, 1}), timed("b", "", "a", 0, from{0, 1})}
	_, err := NewPool(&list, PoolOptions{Trees: true})
	require.ErrorContains(t, err, "session a is its own ancestor")
}

func TestArrivalsAreChecked(t *testing.T) {
	for want, w := range map[string]Workload{
		`arrivals: unknown mode "poisson"; want closed, lanes, open, partly-open`: {Trace: "x", Arrivals: "poisson"},
		"arrivals: open without a trace":                                          {Arrivals: ArrivalsOpen},
		"speedup: -1; want a factor above 0":                                      {Trace: "x", Arrivals: ArrivalsOpen, Speedup: -1},
		"speedup: 2 without arrivals by time":                                     {Trace: "x", Speedup: 2},
		"gap_scale: -1; want a factor above 0":                                    {Trace: "x", GapScale: -1},
		"gap_scale: 2 without a trace":                                            {GapScale: 2},
	} {
		require.ErrorContains(t, w.Validate(), want)
	}
	w := Workload{Trace: "x", Arrivals: ArrivalsLanes}
	require.NoError(t, w.Validate())
	require.Equal(t, PoolOptions{Trees: true}, w.PoolOptions(), "recorded gaps stay; the protocol says what of idle time is played")
	w.GapMax = 5
	require.Equal(t, 5.0, w.PoolOptions().GapMax)
}
