package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/readers"
)

// marker stands where people and models said something.
const marker = "xyzzy-private-words"

// namesAndTimes are the keys whose text the readers need: who, what kind, when.
// Everything else that is text counts as something said.
func namesAndTimes() []string {
	return strings.Fields(`id uuid parentUuid sessionId session_id sessionID conversation_id conversation_hash trace_id
		traceId spanId parentSpanId parent_run_id run_id parentObservationId thread_id call_id tool_call_id tool_use_id
		request_id x_request_id trajectory_id parent_trajectory_id message_id response_id llm_response_id action_id
		agent_id instance_id key name type role from kind source provider schema schema_version event_type filetype
		trajectory_format run_type call_type status model models stop_reason finish_reason hash_id_scope input_types
		timestamp start_time end_time startTime endTime completionStartTime created_at started_at startTimeUnixNano
		endTimeUnixNano intValue first_token_time dotted_order first_input_event_type forks spawns wait_for branches
		distribution children session_type_id isSidechain subtype model_name
		ls_model_name tool_name tool_class`)
}

// speak replaces all text that is not a name or a time by the marker.
func speak(value any, key string, keep []string) any {
	switch v := value.(type) {
	case string:
		if slices.Contains(keep, key) {
			return v
		}
		return marker + " " + v
	case []any:
		for i := range v {
			v[i] = speak(v[i], key, keep)
		}
	case map[string]any:
		if name, ok := v["key"].(string); ok && strings.HasPrefix(name, "gen_ai.") && !strings.HasSuffix(name, ".messages") {
			return v // an attribute of a span that is no text
		}
		for k := range v {
			v[k] = speak(v[k], k, keep)
		}
	}
	return value
}

// spoken writes a JSON trace of the shared data into a directory, with the
// marker in all its texts, and reports how many there are.
func spoken(t *testing.T, source, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(source)
	require.NoError(t, err)
	if strings.HasSuffix(source, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		require.NoError(t, err)
		raw, err = io.ReadAll(z)
		require.NoError(t, err)
	}
	var out bytes.Buffer
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		line, err := json.Marshal(speak(value, "", namesAndTimes()))
		require.NoError(t, err)
		out.Write(append(line, '\n'))
	}
	name := strings.TrimSuffix(filepath.Base(source), ".gz")
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), out.Bytes(), 0o600))
	return strings.Count(out.String(), marker)
}

// What people and models said reaches no output: no table, no JSON, no note,
// no error, no file that a command writes.
func TestNoCommandRepeatsWhatWasSaid(t *testing.T) {
	sources, err := filepath.Glob(sharedPath(t, "traces/formats") + "/*.json*")
	require.NoError(t, err)
	for _, more := range []string{"formats/openhands_v1", "tracelab/claude_code_session.jsonl.gz",
		"tracelab/codex_rollout.jsonl.gz", "tracelab/round_trace.jsonl",
		"lmcache-miniswe/189f0222310bd8eee310f204e91b9c84.jsonl.gz", "swe-agent/function_calling_simple.traj.gz",
		"mini-swe-agent/github_issue.traj.json.gz", "claude-code-weka/samples/trace_0021.json.gz"} {
		sources = append(sources, sharedPath(t, "traces/"+more))
	}
	texts := 0
	for _, source := range sources {
		dir := t.TempDir()
		files, err := filepath.Glob(filepath.Join(source, "events", "*"))
		require.NoError(t, err)
		if len(files) == 0 {
			files = []string{source}
		}
		for _, file := range files {
			texts += spoken(t, file, dir)
		}
		requireSilent(t, dir, filepath.Base(source))
	}
	require.Greater(t, texts, 300, "there was something to keep silent about")
}

// requireSilent runs every command that reads traces on a directory.
func requireSilent(t *testing.T, dir, about string) {
	t.Helper()
	made := t.TempDir()
	table, rows := filepath.Join(made, "out.parquet"), filepath.Join(made, "out.jsonl")
	figures, profile := filepath.Join(made, "figures"), filepath.Join(made, "fit.yaml")
	for _, args := range [][]string{
		{"stats", dir}, {"stats", dir, "-o", "json", "--plot", figures}, {"stats", dir, "--format", "chat"},
		{"stats", dir, "--format", "weka", "--skip-bad", "5"}, {"convert", dir, table}, {"convert", dir, rows},
		{"fit", dir, profile, "--turns-min", "1"}, {"doctor", dir}, {"doctor", dir, "-o", "json"},
	} {
		o := agentsim(t, append([]string{"trace"}, args...)...)
		require.NotContains(t, o.stdout+o.stderr, marker, "%s: %v", about, args)
		if args[0] == "convert" {
			require.Zero(t, o.code, "%s: %s", about, o.stderr)
			require.Contains(t, o.stderr, "texts of prompts and answers are dropped")
		}
	}
	o := agentsim(t, "run", "h200-agentperf-slo20", "--agents", "1", "--set", "workload.trace="+dir,
		"--set", "protocol.duration=10s", "--set", "protocol.duration_max=10s")
	require.NotContains(t, o.stdout+o.stderr, marker, about)
	require.NoError(t, filepath.WalkDir(made, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			require.False(t, bytes.Contains(read(t, path), []byte(marker)), "%s: %s", about, path)
		}
		return err
	}))
	requireSilentTable(t, table, about)
}

// requireSilentTable looks at the columns of a table, which are compressed.
func requireSilentTable(t *testing.T, table, about string) {
	t.Helper()
	r, err := readers.Open(table, readers.Auto)
	require.NoError(t, err)
	defer r.Close()
	var c trace.Call
	for r.Read(&c) == nil {
		for _, text := range []string{c.Session, c.Agent, c.Parent, c.Model, c.Tool} {
			require.NotContains(t, text, marker, about)
		}
	}
}
