package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// langfuse reads Langfuse observations, JSON Lines or a list: ISO 8601 times,
// sessions by sessionId or else traceId. Of usageDetails, input may or may not
// include the cached part, whose key varies: the total decides. An export is
// held in memory to sort it and to follow parents.
type langfuse struct{ spans }

func newLangfuse(e *env) jsonFormat { return &langfuse{spans{env: e}} }

const langfuseKnown = "completionStartTime level version environment metadata input output statusMessage usage" +
	" costDetails promptName promptId modelParameters createdAt updatedAt projectId latency timeToFirstToken" +
	" modelId totalCost bookmarked public"

func (l *langfuse) record(s *jsonscan.Scanner, _ *queue) {
	sp := span{start: trace.Unknown, end: trace.Unknown, call: unknownTimes()}
	traceID := ""
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			sp.id = s.String()
		case "traceId":
			traceID = s.String()
		case "sessionId":
			sp.call.Session = s.String()
		case "parentObservationId":
			sp.parent = s.String()
		case "type":
			sp.kind = langfuseKind(s.String())
		case "name":
			sp.name = s.String()
		case "model":
			sp.call.Model = l.env.names.of(s.Bytes())
		case "startTime":
			sp.start = wallSeconds(s, "startTime")
		case "endTime":
			sp.end = wallSeconds(s, "endTime")
		case "usageDetails":
			l.usage(s, &sp.call)
		default:
			l.env.unknown(s, key, langfuseKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("id: missing; want the observation's id")
	}
	if sp.call.Session == "" {
		sp.call.Session = traceID
	}
	l.add(sp, s.Line())
}

func langfuseKind(name string) spanKind {
	switch name {
	case "GENERATION":
		return callSpan
	case "TOOL":
		return toolSpan
	case "AGENT":
		return agentSpan
	}
	return otherSpan
}

func (l *langfuse) usage(s *jsonscan.Scanner, c *trace.Call) {
	if s.Null() {
		return
	}
	cached, created, total := 0, 0, -1
	s.Object(func(key []byte) {
		name := string(key)
		switch {
		case name == "input":
			c.Input = s.Count("input")
		case name == "output":
			c.Output = s.Count("output")
		case name == "total":
			total = s.Count("total")
		case strings.Contains(name, "creation") || strings.Contains(name, "cache_write"):
			created += s.Count(name)
		case strings.HasPrefix(name, "input_cache") || strings.HasPrefix(name, "cache"):
			cached += s.Count(name)
		default:
			s.Skip()
		}
	})
	if beside := cached + created; total < 0 && beside > c.Input || total >= c.Input+c.Output+beside {
		c.Input += beside
	}
	c.Cached = min(cached, c.Input)
}
