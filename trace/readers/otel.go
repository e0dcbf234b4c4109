package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// otel reads OpenTelemetry spans with GenAI attributes as OTLP JSON, one
// document or one a line. Times are Unix nanoseconds and numbers may stand in
// quotes. Calls are spans of the operations chat, text_completion and
// generate_content; the older attribute names are known too. input_tokens
// includes the cached part. An export is held in memory to follow parents.
type otel struct{ spans }

func newOTel(e *env) jsonFormat { return &otel{spans{env: e}} }

func (o *otel) record(s *jsonscan.Scanner, _ *queue) {
	nested(s, func() {
		s.Array(func() {
			nested(s, func() { s.Array(func() { o.scope(s) }) }, "scopeSpans")
		})
	}, "resourceSpans")
}

func (o *otel) scope(s *jsonscan.Scanner) {
	nested(s, func() { s.Array(func() { o.span(s) }) }, "spans")
}

// otelSpan is a span before its attributes are weighed.
type otelSpan struct {
	span
	traceID, operation string
	cached             int
}

const otelKnown = "traceState flags kind droppedAttributesCount events droppedEventsCount links" +
	" droppedLinksCount status"

func (o *otel) span(s *jsonscan.Scanner) {
	sp := otelSpan{span: span{start: trace.Unknown, end: trace.Unknown, call: unknownTimes()}}
	title := ""
	s.Object(func(key []byte) {
		switch string(key) {
		case "traceId":
			sp.traceID = s.String()
		case "spanId":
			sp.id = s.String()
		case "parentSpanId":
			sp.parent = s.String()
		case "name":
			title = s.String()
		case "startTimeUnixNano":
			sp.start = seconds(s, "startTimeUnixNano", nano)
		case "endTimeUnixNano":
			sp.end = seconds(s, "endTimeUnixNano", nano)
		case "attributes":
			s.Array(func() { o.attribute(s, &sp) })
		default:
			o.env.unknown(s, key, otelKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("spanId: missing; want the span's id")
	}
	if sp.operation == "" {
		sp.operation, _, _ = strings.Cut(title, " ")
	}
	switch sp.operation {
	case "chat", "text_completion", "generate_content":
		sp.kind = callSpan
	case "execute_tool":
		sp.kind = toolSpan
	case "invoke_agent":
		sp.kind = agentSpan
	}
	if sp.call.Session == "" {
		sp.call.Session = sp.traceID
	}
	countCached(&sp.call, sp.cached)
	o.add(sp.span, s.Line())
}

func (o *otel) attribute(s *jsonscan.Scanner, sp *otelSpan) {
	name := ""
	s.Object(func(key []byte) {
		switch string(key) {
		case "key":
			name = o.env.names.of(s.Bytes())
		case "value":
			s.Object(func([]byte) { o.value(s, name, sp) })
		default:
			s.Skip()
		}
	})
}

// value reads the one value inside {"stringValue": …} or {"intValue": …}.
func (o *otel) value(s *jsonscan.Scanner, name string, sp *otelSpan) {
	switch name {
	case "gen_ai.operation.name":
		sp.operation = s.String()
	case "gen_ai.conversation.id":
		sp.call.Session = s.String()
	case "gen_ai.request.model":
		sp.call.Model = o.env.names.of(s.Bytes())
	case "gen_ai.tool.name", "gen_ai.agent.name":
		sp.name = s.String()
	case "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens":
		sp.call.Input = s.Count(name)
	case "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens":
		sp.call.Output = s.Count(name)
	case "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens":
		sp.cached = s.Count(name)
	default:
		s.Skip()
	}
}
