package readers

import (
	"cmp"
	"fmt"
	"strconv"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// atif reads ATIF trajectories up to version 1.7 (Harbor, terminal-bench), one
// session a file. Steps of the agent with metrics are calls with whole prompts;
// a step's time is when it was recorded, so neither the call's length nor the
// gap is known. Steps that were copied from the trajectory that this one
// continues are not its calls. Trajectories of sub-agents may be embedded.
type atif struct {
	oneByOne
	env *env
}

func newATIF(e *env) jsonFormat { return &atif{env: e} }

const atifKnown = "schema_version final_metrics notes extra continued_trajectory_ref"

// atifTrajectory is a trajectory, or one embedded in another.
type atifTrajectory struct {
	session, id, model, agent string
	steps                     []atifStep
	children                  []*atifTrajectory
}

// atifStep is what matters of a step.
type atifStep struct {
	at      float64 // Unix seconds
	model   string
	source  string
	tokens  usage
	metrics bool
	results bool // it holds the results of tools
	tool    string
	calls   int // to the model
}

func (a *atif) record(s *jsonscan.Scanner, _ *queue) {
	t := a.trajectory(s)
	session := cmp.Or(t.session, t.id)
	if s.Err() == nil && session == "" {
		s.Fail("session_id: missing; want the session's name")
	}
	if s.Err() == nil {
		a.emit(t, session, "", "")
	}
}

func (a *atif) trajectory(s *jsonscan.Scanner) *atifTrajectory {
	t := &atifTrajectory{}
	object(s, func(key []byte) {
		switch string(key) {
		case "session_id":
			t.session = text(s)
		case "trajectory_id":
			t.id = text(s)
		case "agent":
			object(s, func(key []byte) {
				switch string(key) {
				case "model_name":
					t.model = a.env.names.of([]byte(text(s)))
				case "name":
					t.agent = text(s)
				default:
					s.Skip()
				}
			})
		case "steps":
			array(s, func() { a.step(s, t) })
		case "subagent_trajectories":
			array(s, func() { t.children = append(t.children, a.trajectory(s)) })
		default:
			a.env.unknown(s, key, atifKnown)
		}
	})
	return t
}

func (a *atif) step(s *jsonscan.Scanner, t *atifTrajectory) {
	step := atifStep{at: trace.Unknown, calls: 1}
	copied := false
	object(s, func(key []byte) {
		switch string(key) {
		case "timestamp":
			step.at = instant(s, "timestamp", 1)
		case "source":
			step.source = text(s)
		case "model_name":
			step.model = a.env.names.of([]byte(text(s)))
		case "is_copied_context":
			copied = s.Bool()
		case "llm_call_count":
			if !s.Null() {
				step.calls = s.Count("llm_call_count")
			}
		case "tool_calls":
			array(s, func() {
				nested(s, func() { step.tool = a.env.names.of([]byte(text(s))) }, "function_name")
			})
		case "observation":
			step.results = s.Is('{')
			a.observation(s, t)
		case "metrics":
			a.metrics(s, &step)
		default:
			a.env.unknown(s, key, "step_id message reasoning_content reasoning_effort extra")
		}
	})
	if copied {
		if step.metrics {
			a.env.note(copies)
		}
		return
	}
	t.steps = append(t.steps, step)
}

// observation looks for trajectories that a result embeds.
func (a *atif) observation(s *jsonscan.Scanner, t *atifTrajectory) {
	nested(s, func() {
		array(s, func() {
			object(s, func(key []byte) {
				switch string(key) {
				case "subagent_trajectory_ref", "subagent_trajectories", "subagent_trajectory":
					a.embedded(s, t)
				default:
					s.Skip()
				}
			})
		})
	}, "results")
}

// embedded reads a trajectory or a list of them; a reference has no steps.
func (a *atif) embedded(s *jsonscan.Scanner, t *atifTrajectory) {
	switch {
	case s.Is('['):
		s.Array(func() { a.embedded(s, t) })
	case s.Is('{'):
		if child := a.trajectory(s); len(child.steps) > 0 {
			t.children = append(t.children, child)
		}
	default:
		s.Skip()
	}
}

func (a *atif) metrics(s *jsonscan.Scanner, step *atifStep) {
	step.metrics = s.Is('{')
	object(s, func(key []byte) {
		switch string(key) {
		case "prompt_tokens":
			step.tokens.input = s.Count("prompt_tokens")
		case "completion_tokens":
			step.tokens.output = s.Count("completion_tokens")
		case "cached_tokens":
			step.tokens.read = s.Count("cached_tokens")
		default:
			a.env.unknown(s, key, "cost_usd logprobs completion_token_ids prompt_token_ids extra")
		}
	})
}

// emit records the calls of a trajectory and of those inside it.
func (a *atif) emit(t *atifTrajectory, session, agent, parent string) {
	kind, tool := trace.User, ""
	for i, step := range t.steps {
		if step.source == "user" {
			kind, tool = trace.User, ""
		}
		if step.source != "agent" || !step.metrics || step.calls == 0 {
			continue
		}
		e := newEntry()
		e.Session, e.Agent, e.Parent, e.Kind, e.Tool = session, agent, parent, kind, tool
		e.Model, e.Start, e.rank = cmp.Or(step.model, t.model), step.at, i
		e.Input, e.Cached, e.Output = step.tokens.tokens()
		e.id = fmt.Sprintf("%s %s %d", session, agent, i)
		a.env.record(e)
		if step.results {
			kind, tool = trace.Tool, step.tool
		}
	}
	for i, child := range t.children {
		name := cmp.Or(child.id, child.session)
		if name == "" || name == session {
			name = cmp.Or(child.agent, "agent") + "-" + strconv.Itoa(i+1)
		}
		a.emit(child, session, name, cmp.Or(agent, session))
	}
}
