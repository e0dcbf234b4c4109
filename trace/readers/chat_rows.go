package readers

import (
	"cmp"
	"maps"
	"slices"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// chatRows reads conversations whose messages are rows of their own:
// {conversation_id, turn, role, content}, in any order where the rows are
// numbered or tell their time. Each answer is a call whose prompt is all that
// stands before it.
type chatRows struct {
	env      *env
	keys     plainKeys
	prompts  prompts
	sessions map[string][]chatRow
	rows     int
}

type chatRow struct {
	message
	turn  float64
	time  float64
	model string
	order int
}

func newChatRows(e *env) jsonFormat {
	return &chatRows{env: e, keys: plainKeys{}, sessions: map[string][]chatRow{}}
}

func (c *chatRows) begin(string)        {}
func (c *chatRows) finish(*queue) error { return nil }

func (c *chatRows) record(s *jsonscan.Scanner, _ *queue) {
	c.rows++
	row := chatRow{turn: trace.Unknown, time: trace.Unknown, order: c.rows}
	session := ""
	row.message = c.env.message(s, func(key []byte) {
		switch c.keys.of(key) {
		case "conversationid", "conversationhash", "sessionid", "threadid", "chatid", "instanceid":
			session = cmp.Or(session, looseText(s))
		case "turn", "turnindex", "turnid", "messageindex", "index", "position", "step":
			if v, told := looseCount(s, "turn"); told {
				row.turn = float64(v)
			}
		case "timestamp", "createdat", "time", "date":
			row.time = looseTime(s, "timestamp")
		case "model":
			row.model = c.env.names.of([]byte(looseText(s)))
		default:
			s.Skip()
		}
	})
	if s.Err() == nil && session == "" {
		s.Fail("conversation_id: missing; want the conversation's name")
		return
	}
	c.sessions[session] = append(c.sessions[session], row)
}

// drain puts the messages of each conversation in a row.
func (c *chatRows) drain(*queue) (bool, error) {
	for _, session := range slices.Sorted(maps.Keys(c.sessions)) {
		rows := c.sessions[session]
		slices.SortStableFunc(rows, func(a, b chatRow) int {
			return cmp.Or(cmp.Compare(a.turn, b.turn), cmp.Compare(a.time, b.time))
		})
		at := newConversation(&c.prompts)
		answers := 0
		for i, row := range rows {
			if i > 0 && row.turn >= 0 && row.turn == rows[i-1].turn && row.hash == rows[i-1].hash {
				c.env.note(copies)
				continue
			}
			call, ok := at.add(row.message)
			if !ok {
				continue
			}
			e := newEntry()
			e.Call, e.told = call, true
			e.Session, e.Model, e.rank = session, row.model, answers
			if i > 0 {
				e.took(rows[i-1].time, row.time)
			}
			answers++
			c.env.record(e)
		}
		if answers == 0 {
			c.env.note("conversations without an answer left out")
		}
	}
	clear(c.sessions)
	return true, nil
}
