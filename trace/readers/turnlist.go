package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// turnList reads sessions as lists of new input and output lengths:
// {instance_id, turns: [{isl_new, osl}]}. History accumulates; there are no times.
type turnList struct {
	oneByOne
	env *env
}

func newTurnList(e *env) jsonFormat { return &turnList{env: e} }

func (t *turnList) record(s *jsonscan.Scanner, q *queue) {
	session, model := "", ""
	var calls []trace.Call
	s.Object(func(key []byte) {
		switch string(key) {
		case "instance_id":
			session = s.String()
		case "model":
			model = t.env.names.of(s.Bytes())
		case "turns":
			s.Array(func() { calls = append(calls, t.turn(s)) })
		default:
			t.env.unknown(s, key, "dataset")
		}
	})
	if s.Err() == nil && (session == "" || len(calls) == 0) {
		s.Fail("instance_id or turns: missing; want a name and at least one turn")
	}
	at := progress{end: trace.Unknown}
	for _, c := range calls {
		c.Session, c.Model = session, model
		if at.turns > 0 {
			at.extends(&c)
		}
		at.place(&c)
		q.push(c)
	}
}

func (t *turnList) turn(s *jsonscan.Scanner) trace.Call {
	c := unknownTimes()
	c.Kind = trace.Tool
	s.Object(func(key []byte) {
		switch string(key) {
		case "isl_new":
			c.Input = s.Count("isl_new")
		case "osl":
			c.Output = s.Count("osl")
		default:
			t.env.unknown(s, key, "isl_new_text")
		}
	})
	return c
}
