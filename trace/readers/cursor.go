package readers

import (
	"cmp"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// cursor reads the usage events that Cursor's dashboard exports as CSV, and its
// interface for teams as JSON. The
// prompt is what was written to the cache, what was not, and what was read from
// it. There are no sessions unless a column names the conversation or the cloud
// agent, so each event stands alone; its time is when it began. Events that
// erred or were aborted are no calls. Older exports tell only the sum of tokens,
// which is not enough.
type cursor struct {
	oneByOne
	env  *env
	keys plainKeys
}

func newCursor(e *env) jsonFormat { return &cursor{env: e, keys: plainKeys{}} }

func (c *cursor) record(s *jsonscan.Scanner, _ *queue) {
	e, events := newEntry(), false
	e.Kind = trace.User
	u := usage{usual: anthropic()}
	failed := false
	count := func(name string, to *int) {
		if v, told := looseCount(s, name); told {
			*to += v
		}
	}
	var field func(key []byte)
	field = func(key []byte) {
		switch name := c.keys.of(key); name {
		case "usageevents", "usageeventsdisplay":
			events = true
			array(s, func() { c.record(s, nil) })
		case "tokenusage":
			object(s, field)
		case "date", "timestamp":
			e.Start = looseTime(s, "Date")
		case "kind", "status":
			kind := strings.ToLower(looseText(s))
			failed = failed || strings.Contains(kind, "error") || strings.Contains(kind, "abort")
		case "model":
			e.Model = c.env.names.of([]byte(looseText(s)))
		case "conversationid", "composerid", "sessionid", "cloudagentid":
			e.Session = cmp.Or(e.Session, looseText(s))
		case "requestid", "usageeventid", "eventid":
			e.id = looseText(s)
		case "inputwcachewrite", "cachewrite", "cachewritetokens":
			count(string(key), &u.created)
		case "inputwocachewrite", "input", "inputtokens":
			count(string(key), &u.input)
		case "cacheread", "cachereadtokens":
			count(string(key), &u.read)
		case "outputtokens", "output":
			count(string(key), &u.output)
		case "totaltokens", "tokens":
			count(string(key), &u.total)
		default:
			s.Skip()
		}
	}
	object(s, field)
	switch {
	case s.Err() != nil || events:
	case failed:
		c.env.note(failedCalls)
	default:
		e.Input, e.Cached, e.Output = u.tokens()
		c.env.record(e)
	}
}
