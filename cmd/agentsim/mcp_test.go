package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/viper"
	"github.com/stretchr/testify/require"

	"agentsim/ask"
)

// connect opens a session of the SDK's client with a server below a folder.
func connect(t *testing.T, folder string, progress chan<- string) *mcp.ClientSession {
	t.Helper()
	settings := viper.New()
	settings.Set("accuracy", "serving")
	server, err := toolCommands{&app{process: process{now: time.Now}, settings: settings}}.tools(folder, time.Minute)
	require.NoError(t, err)
	ours, theirs := mcp.NewInMemoryTransports()
	_, err = server.Connect(t.Context(), ours, nil)
	require.NoError(t, err)
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			if progress != nil {
				select {
				case progress <- r.Params.Message:
				default:
				}
			}
		}})
	session, err := client.Connect(t.Context(), theirs, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func call(t *testing.T, s *mcp.ClientSession, name string, arguments any) *mcp.CallToolResult {
	t.Helper()
	r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	require.NoError(t, err, name)
	return r
}

func textOf(r *mcp.CallToolResult) string {
	for _, c := range r.Content {
		if text, ok := c.(*mcp.TextContent); ok {
			return text.Text
		}
	}
	return ""
}

type object = map[string]any

// An agent finds every tool with its schema, and gets the library's answers.
func TestToolsAnswerAnAgent(t *testing.T) {
	s := connect(t, t.TempDir(), nil)
	list, err := s.ListTools(t.Context(), nil)
	require.NoError(t, err)
	schemas := map[string]object{}
	for _, tool := range list.Tools {
		require.NotEmpty(t, tool.Description)
		require.True(t, tool.Annotations.ReadOnlyHint)
		schemas[tool.Name] = tool.InputSchema.(object)
	}
	for _, name := range []string{"presets", "preset", "estimate", "explain", "capacity", "compare", "plan", "sweep", "trace_stats"} {
		require.Contains(t, schemas, name)
	}
	side := schemas["compare"]["properties"].(object)["a"].(object)
	require.Contains(t, side["properties"], "yaml", "questions inside questions are typed too")
	require.Contains(t, textOf(call(t, s, "presets", object{})), "gb300-nvl72")

	want, err := (&ask.Desk{Version: version()}).Estimate(t.Context(), &ask.EstimateQuestion{Question: ask.Question{Scenario: "h200-agentperf-slo20"}})
	require.NoError(t, err)
	var got ask.Answer
	require.NoError(t, json.Unmarshal([]byte(textOf(call(t, s, "estimate", object{"scenario": "h200-agentperf-slo20"}))), &got))
	require.Equal(t, want.Capacity, got.Capacity)

	r := call(t, s, "estimate", object{"yaml": "extends: h200-agentperf-slo20\nname: x\nmodel: deepsek-v4-pro\n"})
	require.True(t, r.IsError)
	require.Contains(t, textOf(r), "scenario.yaml:3:8: model deepsek-v4-pro")
	require.Contains(t, textOf(r), "did you mean deepseek-v4-pro?")
	_, err = s.CallTool(t.Context(), &mcp.CallToolParams{Name: "estimate", Arguments: object{"scenari": "x"}})
	bad := call(t, s, "preset", object{"kind": "systems", "name": "nonsense"})
	require.True(t, err != nil || bad.IsError)

	r = call(t, s, "sweep", object{"yaml": "name: two\nscenario: h200-agentperf-slo20\nevaluate: analytic\n" +
		"axes: [{path: slo.output_speed.p25, values: [10tok/s, 20tok/s]}]\n"})
	require.False(t, r.IsError, textOf(r))
	var table ask.Table
	require.NoError(t, json.Unmarshal([]byte(textOf(r)), &table))
	require.Len(t, table.Rows, 2)
	small := []string{"workload.turns.median=5", "model=llama-3.1-70b", "deployment={mode: auto, accelerators: 8}"}
	r = call(t, s, "plan", object{"racks": 2, "systems": []string{"hgx-h200"}, "scenario": "h200-agentperf-slo20", "set": small})
	require.False(t, r.IsError, textOf(r))
}

// Files below the start are read, others are not, whatever way they are named.
func TestToolsReadBelowTheStartOnly(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	rows := "session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s\na,0,9000,0,150,0\n"
	for _, name := range []string{filepath.Join(folder, "s.csv"), filepath.Join(outside, "s.csv")} {
		require.NoError(t, os.WriteFile(name, []byte(rows), 0o600))
	}
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, "link")))
	require.NoError(t, below(folder, "s.csv"))
	require.NoError(t, below(folder, filepath.Join(folder, "s.csv")))
	s := connect(t, folder, nil)
	for _, path := range []string{"../s.csv", "link/s.csv", "link", filepath.Join(outside, "s.csv"), "/etc/passwd", "a/../../s.csv", "no.csv"} {
		require.Error(t, below(folder, path), path)
		r := call(t, s, "trace_stats", object{"paths": []string{path}})
		require.True(t, r.IsError, path)
		r = call(t, s, "estimate", object{"yaml": "extends: h200-agentperf-slo20\nname: x\nworkload: {trace: '" + path + "'}\n"})
		require.True(t, r.IsError, path)
	}
	t.Chdir(folder)
	r := call(t, connect(t, ".", nil), "trace_stats", object{"paths": []string{"s.csv"}})
	require.False(t, r.IsError, textOf(r))
	require.Contains(t, textOf(r), `"calls":1`)
}

// A search tells how far it is, and ends when its client has had enough.
func TestToolsTellProgressAndStop(t *testing.T) {
	progress := make(chan string, 100)
	s := connect(t, t.TempDir(), progress)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	params := &mcp.CallToolParams{Name: "capacity", Arguments: object{"scenario": "gb300-agentperf-slo20"}}
	params.SetProgressToken("token")
	go func() {
		_, err := s.CallTool(ctx, params)
		done <- err
	}()
	select {
	case message := <-progress:
		require.Regexp(t, `^[0-9]+ agents (pass|fail); the answer is at least [0-9]+$`, message)
	case <-time.After(50 * time.Second):
		require.Fail(t, "no progress")
	}
	cancel()
	require.Error(t, <-done)
	r := call(t, s, "estimate", object{"scenario": "h200-agentperf-slo20"}) // the place is free again
	require.False(t, r.IsError, textOf(r))
}
