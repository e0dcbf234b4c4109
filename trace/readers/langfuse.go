package readers

import (
	"strings"

	"agentsim/trace/jsonscan"
)

// langfuse reads Langfuse observations, JSON Lines or a list: ISO 8601 times,
// sessions by sessionId or else traceId. Of usageDetails, input may or may not
// include the cached part, whose key varies: the total decides. Older exports
// have usage, with input and output or promptTokens and completionTokens. An
// export is held in memory to sort it and to follow parents.
type langfuse struct{ spans }

func newLangfuse(e *env) jsonFormat { return &langfuse{newSpans(e)} }

const langfuseKnown = "completionStartTime version environment metadata input output statusMessage" +
	" costDetails promptName promptId modelParameters createdAt updatedAt projectId latency timeToFirstToken" +
	" modelId totalCost bookmarked public"

func (l *langfuse) record(s *jsonscan.Scanner, _ *queue) {
	sp := newSpan()
	s.Object(func(key []byte) {
		switch string(key) {
		case "id":
			sp.id = s.String()
		case "traceId":
			sp.trace = s.String()
		case "sessionId":
			sp.session = s.String()
		case "parentObservationId":
			sp.parent = s.String()
		case "type":
			sp.kind = langfuseKind(s.String())
		case "name":
			sp.name = s.String()
		case "model":
			sp.model = l.env.names.of(s.Bytes())
		case "startTime":
			sp.start = wallSeconds(s, "startTime")
		case "endTime":
			sp.end = wallSeconds(s, "endTime")
		case "usageDetails", "usage":
			l.usage(s, &sp.tokens)
		case "level":
			sp.failed = text(s) == "ERROR"
		default:
			l.env.unknown(s, key, langfuseKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("id: missing; want the observation's id")
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

// usage reads counts by the names that exporters give them. Where both the
// present and the older key have counts, they are the same ones.
func (l *langfuse) usage(s *jsonscan.Scanner, u *usage) {
	var told usage
	object(s, func(key []byte) {
		name := string(key)
		switch {
		case name == "input" || name == "promptTokens" || name == "prompt_tokens" || name == "input_tokens":
			told.input = s.Count(name)
		case name == "output" || name == "completionTokens" || name == "completion_tokens" || name == "output_tokens":
			told.output = s.Count(name)
		case name == "total" || name == "totalTokens" || name == "total_tokens":
			told.total = s.Count(name)
		case strings.Contains(name, "reasoning") || strings.Contains(name, "thoughts"):
			told.reasoning += s.Count(name)
		case strings.Contains(name, "creation") || strings.Contains(name, "cache_write"):
			told.created += s.Count(name)
		case strings.HasPrefix(name, "input_cache") || strings.HasPrefix(name, "cache"):
			told.read += s.Count(name)
		default:
			s.Skip()
		}
	})
	if told.input+told.output+told.read > 0 {
		*u = told
	}
}
