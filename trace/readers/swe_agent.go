package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// sweAgent reads SWE-agent's .traj files, one session each: history holds the
// messages as text, trajectory the seconds that each action took to execute.
// Demonstrations in the history are part of the prompt, not calls. Where there
// is no history, the trajectory's answers and observations stand for it.
type sweAgent struct {
	oneByOne
	env     *env
	prompts prompts
	path    string
}

func newSWEAgent(e *env) jsonFormat { return &sweAgent{env: e} }

func (w *sweAgent) begin(path string) { w.path = path }

const sweAgentKnown = "environment replay_config info"

// sweStep is a step of the trajectory.
type sweStep struct {
	answer, observation message
	gap                 float64
}

func (w *sweAgent) record(s *jsonscan.Scanner, q *queue) {
	var calls []trace.Call
	var steps []sweStep
	s.Object(func(key []byte) {
		switch string(key) {
		case "history":
			at := newConversation(&w.prompts)
			s.Array(func() {
				if call, ok := at.add(w.env.message(s, nil)); ok {
					calls = append(calls, call)
				}
			})
		case "trajectory":
			s.Array(func() { steps = append(steps, w.step(s)) })
		default:
			w.env.unknown(s, key, sweAgentKnown)
		}
	})
	if len(calls) == 0 {
		calls = w.fromSteps(steps)
	}
	if len(calls) == 0 && s.Err() == nil {
		s.Fail("neither history nor trajectory holds an answer of the model; want at least one")
	}
	for i, c := range calls {
		c.Session = w.env.sessionOfFile(w.path)
		if i > 0 {
			c.Kind = trace.Tool // observations come as messages of the user
		}
		if i > 0 && i <= len(steps) {
			c.Gap = steps[i-1].gap
		}
		q.push(c)
	}
}

func (w *sweAgent) step(s *jsonscan.Scanner) sweStep {
	step := sweStep{gap: trace.Unknown}
	step.answer = message{role: roleAssistant, tokens: messageTokens, hash: hashStart}
	step.observation = message{tool: true, tokens: messageTokens, hash: hashStart}
	s.Object(func(key []byte) {
		switch string(key) {
		case "response":
			w.env.feed(s, &step.answer)
		case "observation":
			w.env.feed(s, &step.observation)
		case "execution_time":
			step.gap = seconds(s, "execution_time", 1)
		default:
			w.env.unknown(s, key, "action state thought messages query extra_info")
		}
	})
	return step
}

func (w *sweAgent) fromSteps(steps []sweStep) []trace.Call {
	var calls []trace.Call
	at := newConversation(&w.prompts)
	for _, step := range steps {
		if call, ok := at.add(step.answer); ok {
			calls = append(calls, call)
		}
		at.add(step.observation)
	}
	return calls
}

// sessionOfFile names the session of a file that holds one.
func (e *env) sessionOfFile(path string) string {
	if name := e.session[path]; name != "" {
		return name
	}
	return sessionName(path)
}

func sessionName(path string) string {
	name := base(path)
	for _, suffix := range []string{".json", ".traj", ".jsonl"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}
