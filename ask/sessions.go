//go:build !js || readers

package ask

import (
	"fmt"

	"agentsim/trace"
	"agentsim/trace/readers"
)

// TraceQuestion asks for the shape of a trace.
type TraceQuestion struct {
	Paths    []string `json:"paths" minItems:"1" maxItems:"1000" doc:"files or directories, one format"`
	Format   string   `json:"format,omitempty" maxLength:"40" doc:"of the trace; by content if left out"`
	MainOnly bool     `json:"main_only,omitempty" doc:"leave out sub-agents"`
}

// TraceStats is the shape of a trace, as trace stats -o json prints it, with
// curves to draw.
type TraceStats struct {
	*trace.Summary
	Format string           `json:"format"`
	Files  int              `json:"files"`
	Notes  []string         `json:"notes,omitempty"`
	Curves map[string]Curve `json:"curves,omitempty" doc:"distributions by name, and context and reuse along a session"`
}

// Curve is a function as a list of points, x rising.
type Curve struct {
	X []float64 `json:"x"`
	Y []float64 `json:"y"`
}

// curvesOf are the curves behind a summary, by name.
func curvesOf(c trace.Curves) map[string]Curve {
	out := map[string]Curve{}
	for name, curve := range map[string]trace.Curve{"turns": c.Turns, "new": c.New, "output": c.Output,
		"tool_gap": c.ToolGap, "user_gap": c.UserGap, "context": c.Context, "reuse": c.Reuse} {
		if len(curve.X) > 0 {
			out[name] = Curve{X: curve.X, Y: curve.Y}
		}
	}
	return out
}

// TraceStats summarises how agents called a model.
func (d *Desk) TraceStats(q *TraceQuestion) (*TraceStats, error) {
	for _, path := range q.Paths {
		if d.Allow == nil {
			return nil, fmt.Errorf("%s: files are not read here", shown(path))
		}
		if err := d.Allow(path); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(path), err)
		}
	}
	r, err := readers.OpenAll(q.Paths, readers.Options{Format: q.Format})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	stats := trace.Stats{MainOnly: q.MainOnly}
	if err := stats.AddAll(r); err != nil {
		return nil, err
	}
	report := r.Report()
	out := &TraceStats{
		Summary: stats.Summary(),
		Format:  report.Format,
		Files:   report.Files,
		Curves:  curvesOf(stats.Curves()),
	}
	for _, n := range report.Notes {
		out.Notes = append(out.Notes, fmt.Sprintf("%s (%d)", n.Text, n.Count))
	}
	return out, nil
}
