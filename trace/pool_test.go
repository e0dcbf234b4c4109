package trace

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// calls is a Reader over a slice.
type calls []Call

func (c *calls) Read(out *Call) error {
	if len(*c) == 0 {
		return io.EOF
	}
	*out, *c = (*c)[0], (*c)[1:]
	return nil
}

func pool(t *testing.T, opts PoolOptions, in ...Call) *Pool {
	t.Helper()
	r := calls(in)
	p, err := NewPool(&r, opts)
	require.NoError(t, err)
	return p
}

func sessions(p *Pool) []Session {
	var out []Session
	for i := range p.Len() {
		var s Session
		p.Session(i, &s)
		out = append(out, s)
	}
	return out
}

func TestPoolGroupsInterleavedCallsAndSubAgents(t *testing.T) {
	p := pool(t, PoolOptions{},
		Call{Session: "a", Input: 1000, Output: 50, Shared: 300, Gap: Unknown, Start: 0, Service: 2},
		Call{Session: "b", Input: 800, Output: 10, Gap: Unknown, Start: 1, Service: 1},
		Call{Session: "a", Agent: "sub", Input: 700, Prefix: 640, Output: 5, Gap: Unknown, Start: 2.5, Service: 1},
		Call{Session: "a", Kind: Tool, Input: 1100, Prefix: 960, Output: 60, Gap: Unknown, Start: 5, Service: 1},
		Call{Session: "b", Kind: User, Input: 200, Prefix: 64, Output: 20, Gap: 7, Start: 9, Service: 1},
	)
	require.Equal(t, []Session{
		{ID: "a", Shared: 300, Turns: []Turn{
			{Input: 1000, Output: 50},
			// 40 tokens that the recorded blocks round off, then the 50 of the answer.
			{Input: 1100, Prefix: 960, Echo: 90, Output: 60, Gap: 3, Kind: Tool},
		}},
		{ID: "b", Start: 1, Turns: []Turn{
			{Input: 800, Output: 10},
			{Input: 200, Prefix: 64, Output: 20, Gap: 7, Kind: User}, // shrunk: nothing of the answer is left
		}},
		{ID: "a/sub", Parent: "a", Start: 2.5, Inherited: 640, Turns: []Turn{{Input: 700, Output: 5}}},
	}, sessions(p))
	require.Equal(t, 5, p.Turns())
}

func TestPoolNumbersTools(t *testing.T) {
	p := pool(t, PoolOptions{},
		Call{Session: "a", Input: 10}, Call{Session: "a", Kind: Tool, Tool: "Bash", Input: 20},
		Call{Session: "b", Input: 10}, Call{Session: "b", Kind: Tool, Tool: "Read", Input: 20},
		Call{Session: "a", Kind: Tool, Tool: "Read", Input: 30}, Call{Session: "a", Kind: User, Input: 40},
	)
	require.Equal(t, []string{"Bash", "Read"}, p.Tools())
	var tools []uint8
	for _, turn := range sessions(p)[0].Turns {
		tools = append(tools, turn.Tool)
	}
	require.Equal(t, []uint8{0, 1, 2, 0}, tools)

	var many []Call
	for i := range 300 {
		many = append(many, Call{Session: "a", Kind: Tool, Tool: fmt.Sprint("tool ", i), Input: 10 + i})
	}
	p = pool(t, PoolOptions{}, many...)
	require.Len(t, p.Tools(), 255)
	require.EqualValues(t, 255, sessions(p)[0].Turns[254].Tool)
	require.Zero(t, sessions(p)[0].Turns[255].Tool, "the rest have no name")
}

func TestPoolEchoNeverExceedsThePrompt(t *testing.T) {
	p := pool(t, PoolOptions{},
		Call{Session: "a", Input: 1000, Output: 500},
		Call{Session: "a", Input: 1010, Prefix: 960}, // less than the answer came back
		Call{Session: "a", Input: 3000, Prefix: 64},  // prefix broke early
	)
	turns := sessions(p)[0].Turns
	require.EqualValues(t, 50, turns[1].Echo)
	require.Zero(t, turns[2].Echo)
}

func TestPoolOptions(t *testing.T) {
	in := []Call{
		{Session: "long", Input: 5000, Output: 10},
		{Session: "a", Input: 100, Output: 10},
		{Session: "a", Input: 900, Prefix: 100, Output: 500, Gap: 60},
		{Session: "a", Input: 1000, Prefix: 900, Output: 10, Gap: 1},
		{Session: "a", Input: 50, Prefix: 0, Output: 10, Gap: 1}, // after the session has ended
		{Session: "b", Input: 300, Output: 10},
		{Session: "c", Input: 10, Output: 10},
	}
	p := pool(t, PoolOptions{ContextLimit: 1000, SessionsMax: 2, OutputMax: 400, GapMax: 10}, in...)
	require.Equal(t, []Session{
		{ID: "a", Turns: []Turn{
			{Input: 100, Output: 10},
			{Input: 900, Prefix: 100, Echo: 10, Output: 100, Gap: 10},
		}},
		{ID: "b", Turns: []Turn{{Input: 300, Output: 10}}},
	}, sessions(p))
	require.Equal(t, 1, p.Dropped())

	p = pool(t, PoolOptions{FirstInputMax: 200}, in...)
	require.Equal(t, 2, p.Len())
}

func TestPoolOfCallsWithoutSessions(t *testing.T) {
	p := pool(t, PoolOptions{}, Call{Input: 7, Output: 1}, Call{Input: 9, Output: 2, Prefix: 4})
	require.Equal(t, 2, p.Len())
	require.EqualValues(t, 4, sessions(p)[1].Inherited)
	require.Zero(t, sessions(p)[1].Turns[0].Prefix)
}

func TestPoolErrors(t *testing.T) {
	none := calls{}
	_, err := NewPool(&none, PoolOptions{})
	require.ErrorContains(t, err, "no calls")
	big := calls{{Session: "a", Input: 5000}}
	_, err = NewPool(&big, PoolOptions{ContextLimit: 100})
	require.ErrorContains(t, err, "context limit of 100")
	_, err = NewPool(broken{}, PoolOptions{})
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Read(*Call) error { return errBroken }

func TestPoolSessionDoesNotAllocate(t *testing.T) {
	p := pool(t, PoolOptions{}, Call{Session: "a", Input: 1}, Call{Session: "a", Input: 2}, Call{Session: "b", Input: 3})
	var s Session
	p.Session(0, &s)
	i := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		p.Session(i%2, &s)
		i++
	}))
}
