package report

import (
	"encoding/json"
	"fmt"
	"io"

	"agentsim/serve"
)

// Timeline collects what a cluster does inside a window of simulated time, for
// a trace viewer (ui.perfetto.dev). It implements serve.Observer.
type Timeline struct {
	From, To float64 // seconds
	// Limit bounds the events kept; what comes after is counted in Dropped.
	Limit   int
	Dropped int

	events  []traceEvent
	workers map[int]string
}

// traceEvent is one event of the Trace Event Format (JSON object format).
type traceEvent struct {
	Name  string             `json:"name"`
	Phase string             `json:"ph"` // X complete, C counter, M metadata
	Time  float64            `json:"ts"` // µs
	Span  float64            `json:"dur,omitempty"`
	Group int                `json:"pid"`
	Track int                `json:"tid"`
	Args  map[string]float64 `json:"args,omitempty"`
}

// agentsGroup is the group of the agents' tracks; workers come after it.
const agentsGroup = 1

// Stepped adds a step to its worker's track, and the worker's power.
func (t *Timeline) Stepped(s serve.Stepped) {
	group := agentsGroup + 1 + s.Worker
	if t.workers == nil {
		t.workers = map[int]string{}
	}
	t.workers[group] = fmt.Sprintf("%s worker %d", s.Pool, s.Worker)
	name := "decode"
	switch {
	case s.PromptParts > 0 && s.Steps > 0:
		name = "mixed step"
	case s.PromptParts > 0:
		name = "prefill"
	}
	t.add(traceEvent{
		Name:  name,
		Phase: "X",
		Group: group,
		Track: 1,
		Args: map[string]float64{"steps": float64(s.Steps),
			"sequences": float64(s.Sequences), "prompts": float64(s.PromptParts), "prompt_tokens": float64(s.Prompt)},
	},
		s.From.Seconds(), s.To.Seconds())
	t.add(traceEvent{Name: "power", Phase: "C", Group: group, Args: map[string]float64{"watts": s.Watts}},
		s.From.Seconds(), s.From.Seconds())
}

// Stayed adds a part of a call to its agent's track.
func (t *Timeline) Stayed(s serve.Stayed) {
	if s.State == serve.InTool || s.To == s.From {
		return
	}
	t.add(traceEvent{
		Name:  s.State.String(),
		Phase: "X",
		Group: agentsGroup,
		Track: s.Agent + 1,
		Args:  map[string]float64{"turn": float64(s.Turn), "tokens": float64(s.Tokens), "worker": float64(s.Worker)},
	},
		s.From.Seconds(), s.To.Seconds())
}

func (t *Timeline) add(e traceEvent, from, to float64) {
	if to < t.From || from > t.To {
		return
	}
	if len(t.events) >= t.Limit {
		t.Dropped++
		return
	}
	const micro = 1e6
	e.Time = from * micro
	e.Span = (to - from) * micro
	t.events = append(t.events, e)
}

// Write writes the trace as JSON.
func (t *Timeline) Write(w io.Writer) error {
	events := []any{named("process_name", agentsGroup, "agents")}
	for _, group := range sortedKeys(t.workers) {
		events = append(events, named("process_name", group, t.workers[group]))
	}
	for i := range t.events {
		events = append(events, &t.events[i])
	}
	return json.NewEncoder(w).Encode(map[string]any{"traceEvents": events, "displayTimeUnit": "ms"})
}

// named is the metadata event that gives a group its name.
func named(what string, group int, name string) any {
	return map[string]any{"name": what, "ph": "M", "pid": group, "args": map[string]string{"name": name}}
}
