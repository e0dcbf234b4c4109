package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// atif reads ATIF trajectories (Harbor, terminal-bench), one session a file.
// Steps of the agent with metrics are calls with whole prompts; a step's time
// is when it was recorded, so neither the call's length nor the gap is known.
type atif struct {
	oneByOne
	env   *env
	clock clock
}

func newATIF(e *env) jsonFormat { return &atif{env: e} }

const atifKnown = "schema_version agent final_metrics notes extra continued_trajectory_ref"

// atifStep is what matters of a step.
type atifStep struct {
	trace.Call
	source  string
	metrics bool
	results bool // it holds the results of tools
	tool    string
}

func (a *atif) record(s *jsonscan.Scanner, q *queue) {
	session, model := "", ""
	var steps []atifStep
	s.Object(func(key []byte) {
		switch string(key) {
		case "session_id":
			session = s.String()
		case "agent":
			nested(s, func() { model = a.env.names.of(s.Bytes()) }, "model_name")
		case "steps":
			s.Array(func() { steps = append(steps, a.step(s)) })
		default:
			a.env.unknown(s, key, atifKnown)
		}
	})
	if s.Err() == nil && session == "" {
		s.Fail("session_id: missing; want the session's name")
	}
	if s.Err() == nil {
		a.emit(session, model, steps, q)
	}
}

func (a *atif) step(s *jsonscan.Scanner) atifStep {
	step := atifStep{Call: unknownTimes()}
	s.Object(func(key []byte) {
		switch string(key) {
		case "timestamp":
			step.Start = a.clock.sinceUnix(wallSeconds(s, "timestamp"))
		case "source":
			step.source = s.String()
		case "model_name":
			step.Model = a.env.names.of(s.Bytes())
		case "tool_calls":
			a.toolCalls(s, &step)
		case "observation":
			step.results = !s.Is('n')
			s.Skip()
		case "metrics":
			a.metrics(s, &step)
		default:
			a.env.unknown(s, key, "step_id message reasoning_content reasoning_effort extra is_copied_context")
		}
	})
	return step
}

func (a *atif) toolCalls(s *jsonscan.Scanner, step *atifStep) {
	if s.Null() {
		return
	}
	s.Array(func() {
		nested(s, func() { step.tool = a.env.names.of(s.Bytes()) }, "function_name")
	})
}

func (a *atif) metrics(s *jsonscan.Scanner, step *atifStep) {
	if s.Null() {
		return
	}
	step.metrics = true
	s.Object(func(key []byte) {
		switch string(key) {
		case "prompt_tokens":
			step.Input = s.Count("prompt_tokens")
		case "completion_tokens":
			step.Output = s.Count("completion_tokens")
		case "cached_tokens":
			step.Cached = s.Count("cached_tokens")
		default:
			a.env.unknown(s, key, "cost_usd logprobs completion_token_ids prompt_token_ids extra")
		}
	})
}

func (a *atif) emit(session, model string, steps []atifStep, q *queue) {
	at := progress{end: trace.Unknown}
	kind, tool := trace.User, ""
	for _, step := range steps {
		if step.source == "user" {
			kind, tool = trace.User, ""
		}
		if step.source != "agent" || !step.metrics {
			continue
		}
		c := step.Call
		c.Session, c.Kind, c.Tool = session, kind, tool
		if c.Model == "" {
			c.Model = model
		}
		c.Cached = min(c.Cached, c.Input)
		at.place(&c)
		q.push(c)
		if step.results {
			kind, tool = trace.Tool, step.tool
		}
	}
}
