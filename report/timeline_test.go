package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/serve"
	"agentsim/sim"
)

func TestTimeline(t *testing.T) {
	line := Timeline{From: 1, To: 2, Limit: 4}
	line.Stepped(serve.Stepped{Pool: "decode", Worker: 3, From: 0, To: sim.Second / 2}) // before the window
	line.Stepped(serve.Stepped{Pool: "decode", Worker: 3, From: sim.Second, To: 3 * sim.Second / 2, Steps: 5, Sequences: 7,
		Watts: 800})
	line.Stayed(serve.Stayed{Agent: 2, State: serve.InTool, From: sim.Second, To: 2 * sim.Second}) // gaps are left blank
	line.Stayed(serve.Stayed{Agent: 2, Turn: 1, State: serve.InDecode, From: sim.Second, To: 2 * sim.Second, Tokens: 40})
	line.Stayed(serve.Stayed{Agent: 2, State: serve.InQueue, From: sim.Second, To: 2 * sim.Second})
	line.Stayed(serve.Stayed{Agent: 2, State: serve.InQueue, From: sim.Second, To: 2 * sim.Second})
	require.Equal(t, 1, line.Dropped)

	var b bytes.Buffer
	require.NoError(t, line.Write(&b))
	var trace struct {
		TraceEvents []struct {
			Name, Ph string
			Ts, Dur  float64
			Pid, Tid int
			Args     map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &trace))
	require.Len(t, trace.TraceEvents, 6, "two names, a step, its power, two stays")
	step := trace.TraceEvents[2]
	require.Equal(t, "decode", step.Name)
	require.Equal(t, "X", step.Ph)
	require.Equal(t, 1e6, step.Ts, "microseconds")
	require.Equal(t, 5e5, step.Dur)
	require.Equal(t, 7.0, step.Args["sequences"])
	require.Equal(t, 800.0, trace.TraceEvents[3].Args["watts"])
	require.Equal(t, step.Pid, trace.TraceEvents[3].Pid)
	require.Equal(t, 3, trace.TraceEvents[4].Tid, "one track an agent")
}
