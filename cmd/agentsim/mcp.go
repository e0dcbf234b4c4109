package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"agentsim/ask"
)

// toolCommands open the program to agents.
type toolCommands struct{ *app }

const mcpHelp = `mcp offers the program to an agent over the Model Context Protocol, on standard input and output:
list what comes with it, explain, estimate and simulate capacities, compare, plan, sweep, and read traces. Long answers
tell their progress and can be cancelled. Files are read below the folder it was started in, and nowhere else; nothing
is written.`

func (a toolCommands) mcpCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "mcp",
		Short:       "Offer the program to an agent, over the Model Context Protocol",
		Long:        mcpHelp,
		Example:     "  agentsim mcp\n  claude mcp add agentsim -- agentsim mcp",
		Annotations: map[string]string{"example": "slow"},
		Args:        cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			limit := a.settings.GetDuration("timeout")
			if limit <= 0 {
				return usageError{fmt.Errorf("--timeout %v: want a time above 0", limit)}
			}
			server, err := a.tools(".", limit)
			if err != nil {
				return err
			}
			return server.Run(cmd.Context(), &mcp.StdioTransport{})
		},
	}
	c.Flags().Duration("timeout", 10*time.Minute, "time that one answer may take")
	return c
}

// tools is a server that answers questions, with files below a folder.
func (a toolCommands) tools(folder string, limit time.Duration) (*mcp.Server, error) {
	root, err := filepath.Abs(folder)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, err
	}
	known, err := a.accuracy()
	if err != nil {
		return nil, err
	}
	s := &toolServer{
		Server: mcp.NewServer(&mcp.Implementation{Name: "agentsim", Version: version()}, &mcp.ServerOptions{
			Instructions: "Start with presets, then estimate (milliseconds) before capacity (minutes). " +
				"A scenario is a name, or YAML that extends one; set overrides fields by path."}),
		desk: &ask.Desk{Version: version(), Clock: a.now, Accuracy: known,
			Allow: func(path string) error { return below(root, path) }},
		limit: limit,
		place: make(chan struct{}, 1),
	}
	s.add()
	return s.Server, nil
}

// errOutside is that of a file which is not below the folder of the start.
var errOutside = errors.New("only files below the folder that agentsim mcp was started in are read")

// below refuses paths that lead out of a folder, by whatever links.
func below(root, path string) error {
	if filepath.IsAbs(path) {
		relative, err := filepath.Rel(root, path)
		if err != nil || !filepath.IsLocal(relative) {
			return errOutside
		}
		path = relative
	}
	if !filepath.IsLocal(path) {
		return errOutside
	}
	real, err := filepath.EvalSymlinks(filepath.Join(root, path))
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ErrNotExist
	}
	if err != nil {
		return errOutside
	}
	if relative, err := filepath.Rel(root, real); err != nil || !filepath.IsLocal(relative) {
		return errOutside
	}
	if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() && !info.IsDir() {
		return errOutside
	}
	return nil
}

// toolServer answers one question after the other, each within a time.
type toolServer struct {
	*mcp.Server
	desk  *ask.Desk
	limit time.Duration
	place chan struct{}
}

func (s *toolServer) add() {
	d := s.desk
	tool(s, "presets", "List what comes with the program: scenarios, comparisons, studies, and presets of systems, "+
		"models, engines, workloads and service levels.",
		func(context.Context, *struct{}, ask.Progress) (*ask.Catalogue, error) { return d.Catalogue(), nil })
	tool(s, "preset", "Show a preset or scenario as YAML, with the source of every number.",
		func(_ context.Context, q *ask.PresetQuestion, _ ask.Progress) (*ask.Preset, error) {
			return d.Preset(q)
		})
	tool(s, "estimate", "How many agents a scenario holds, by the analytic model, in milliseconds.",
		func(ctx context.Context, q *ask.EstimateQuestion, _ ask.Progress) (*ask.Answer, error) {
			return d.Estimate(ctx, q)
		})
	tool(s, "explain", "Where a step's time, a rank's memory and the watts go.",
		func(ctx context.Context, q *ask.ExplainQuestion, _ ask.Progress) (*ask.Explanation, error) {
			return d.Explain(ctx, q)
		})
	tool(s, "capacity", "How many agents a scenario holds, by simulation, with its interval. Takes seconds to minutes; "+
		"set protocol=steady-state to be quicker.", d.Capacity)
	tool(s, "compare", "Share the ratio of two scenarios out to factors, as memory, kernels, disaggregation.", d.Compare)
	tool(s, "plan", "Which systems, and how many units, serve the most agents within a budget.", d.Plan)
	tool(s, "sweep", "Evaluate a small study: one scenario at many points.", d.Sweep)
	tool(s, "trace_stats", "The shape of a trace or a log of agents: turns, tokens, gaps, reuse.",
		func(_ context.Context, q *ask.TraceQuestion, _ ask.Progress) (*ask.TraceStats, error) {
			return d.TraceStats(q)
		})
}

// tool adds one question. Its schema is that of the HTTP API.
func tool[Q, A any](s *toolServer, name, about string, answer func(context.Context, *Q, ask.Progress) (A, error)) {
	no := false
	mcp.AddTool(s.Server, &mcp.Tool{Name: name, Description: about, InputSchema: schemaOf[Q](),
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &no}},
		func(ctx context.Context, request *mcp.CallToolRequest, q Q) (*mcp.CallToolResult, any, error) {
			select {
			case s.place <- struct{}{}:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
			defer func() { <-s.place }()
			ctx, cancel := context.WithTimeout(ctx, s.limit)
			defer cancel()
			a, err := answer(ctx, &q, notified(ctx, request))
			if err != nil {
				return nil, nil, err
			}
			return nil, a, nil
		})
}

// notified sends progress to a client that asked for it.
func notified(ctx context.Context, request *mcp.CallToolRequest) ask.Progress {
	token := request.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	return func(step ask.Step) {
		message := step.Stage
		if step.Agents > 0 {
			verdict := "fail"
			if step.Pass {
				verdict = "pass"
			}
			message = fmt.Sprintf("%d agents %s; the answer is at least %d", step.Agents, verdict, step.Low)
		}
		_ = request.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: token, Message: message,
			Progress: float64(step.Done), Total: float64(step.All)}) // a client that is gone needs none
	}
}

// schemaOf is the JSON Schema of a question, without references.
func schemaOf[Q any]() any {
	const prefix = "#/s/"
	registry := huma.NewMapRegistry(prefix, huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, reflect.TypeFor[Q]())
	text, err := json.Marshal(schema)
	if err != nil {
		return map[string]any{"type": "object"}
	}
	var value map[string]any
	if json.Unmarshal(text, &value) != nil {
		return map[string]any{"type": "object"}
	}
	return inlined(value, func(reference string) any {
		var other any
		text, err := json.Marshal(registry.SchemaFromRef(reference))
		if err == nil {
			err = json.Unmarshal(text, &other)
		}
		if err != nil {
			return map[string]any{}
		}
		return other
	})
}

// inlined puts what references lead to in their place.
func inlined(value any, resolve func(string) any) any {
	switch v := value.(type) {
	case map[string]any:
		if reference, ok := v["$ref"].(string); ok {
			return inlined(resolve(reference), resolve)
		}
		for key, inner := range v {
			v[key] = inlined(inner, resolve)
		}
	case []any:
		for i, inner := range v {
			v[i] = inlined(inner, resolve)
		}
	}
	return value
}
