package readers

import (
	"strings"

	"agentsim/trace/jsonscan"
)

// otel reads OpenTelemetry spans with GenAI attributes as OTLP JSON, one
// document or one a line. Times are Unix nanoseconds and numbers may stand in
// quotes. Calls are spans of the operations chat, text_completion and
// generate_content; the older attribute names are known too, and those of
// OpenLLMetry. By the conventions input_tokens includes the cached part, though
// not all instrumentations keep to that. An export is held in memory to follow
// parents.
type otel struct{ spans }

func newOTel(e *env) jsonFormat { return &otel{newSpans(e)} }

func (o *otel) record(s *jsonscan.Scanner, _ *queue) {
	object(s, func(key []byte) {
		switch string(key) {
		case "resourceSpans", "batches":
		case "trace": // Tempo's answer
			o.record(s, nil)
			return
		default:
			s.Skip()
			return
		}
		array(s, func() {
			object(s, func(key []byte) {
				switch string(key) {
				case "scopeSpans", "instrumentationLibrarySpans":
					array(s, func() { nested(s, func() { array(s, func() { o.span(s) }) }, "spans") })
				default:
					s.Skip()
				}
			})
		})
	})
}

// otelSpan is a span before its attributes are weighed.
type otelSpan struct {
	span
	operation string
}

const otelKnown = "traceState flags kind droppedAttributesCount events droppedEventsCount links" +
	" droppedLinksCount"

func (o *otel) span(s *jsonscan.Scanner) {
	sp := otelSpan{span: newSpan()}
	title := ""
	s.Object(func(key []byte) {
		switch string(key) {
		case "traceId":
			sp.trace = s.String()
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
			array(s, func() { o.attribute(s, &sp) })
		case "status":
			nested(s, func() { sp.failed = sp.failed || otelError(s) }, "code")
		default:
			o.env.unknown(s, key, otelKnown)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("spanId: missing; want the span's id")
	}
	sp.classify(title)
	o.add(sp.span, s.Line())
}

// otelError reads a status code: 2, or its name.
func otelError(s *jsonscan.Scanner) bool {
	if s.Is('"') {
		code := s.String()
		return code == "STATUS_CODE_ERROR" || code == "ERROR" || code == "2"
	}
	return !s.Null() && s.Int() == 2
}

// classify says what a span is, by its operation or else by the first word of
// its title.
func (sp *otelSpan) classify(title string) {
	if sp.operation == "" {
		sp.operation, _, _ = strings.Cut(title, " ")
	}
	switch sp.operation {
	case "chat", "text_completion", "generate_content", "completion", "responses":
		sp.kind = callSpan
	case "execute_tool", "tool":
		sp.kind = toolSpan
	case "invoke_agent", "create_agent", "agent":
		sp.kind = agentSpan
	case sdkOperation:
		sp.kind, sp.sdk = agentSpan, true
	case noOperation, "embeddings", "embedding", "rerank", "retrieval":
		sp.kind = otherSpan
	default:
		if sp.tokens.input > 0 {
			sp.kind = callSpan // whatever it is called, tokens were paid for
		}
	}
}

func (o *otel) attribute(s *jsonscan.Scanner, sp *otelSpan) {
	name := ""
	object(s, func(key []byte) {
		switch string(key) {
		case "key":
			name = o.env.names.of(s.Bytes())
		case "value":
			object(s, func([]byte) { o.value(s, name, sp) })
		default:
			s.Skip()
		}
	})
}

// value reads the value of an attribute: the one inside {"stringValue": …} or
// {"intValue": …}.
func (p *spans) value(s *jsonscan.Scanner, name string, sp *otelSpan) {
	switch name {
	case "gen_ai.operation.name", "llm.request.type", "traceloop.span.kind":
		if operation := text(s); sp.operation == "" || name == "gen_ai.operation.name" {
			sp.operation = operation
		}
	case "gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id":
		sp.session = text(s)
	case "gen_ai.request.model":
		sp.model = p.env.names.of([]byte(text(s)))
	case "gen_ai.tool.name", "gen_ai.agent.name", "traceloop.entity.name":
		if named := text(s); sp.name == "" || name != "traceloop.entity.name" {
			sp.name = named
		}
	case "error.type":
		sp.failed = text(s) != "" || sp.failed
	case "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens":
		sp.tokens.input = max(sp.tokens.input, s.Count(name))
	case "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens":
		sp.tokens.output = max(sp.tokens.output, s.Count(name))
	case "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens":
		sp.tokens.read = s.Count(name)
	case "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens":
		sp.tokens.created = s.Count(name)
	case "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens":
		sp.tokens.reasoning = s.Count(name)
	case "llm.usage.total_tokens", "gen_ai.usage.total_tokens":
		sp.tokens.total = s.Count(name)
	default:
		p.dialect(s, name, sp)
	}
}
