package readers

import (
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// spanDump reads spans as SDKs of OpenTelemetry print or save them rather than
// as OTLP: Python's console exporter ({name, context: {trace_id, span_id},
// parent_id, start_time, attributes: {…}}), Go's stdouttrace ({Name,
// SpanContext, Parent, StartTime, Attributes: [{Key, Value: {Type, Value}}]}),
// JavaScript's ({traceId, parentId, timestamp and duration in µs, or startTime
// as seconds and nanoseconds}), and rows of Phoenix (context.trace_id,
// attributes.llm.token_count.prompt), one after another, by lines or as a list.
// Attributes are those of otel.
type spanDump struct {
	spans
	keys plainKeys
}

func newSpanDump(e *env) jsonFormat { return &spanDump{spans: newSpans(e), keys: plainKeys{}} }

func (d *spanDump) record(s *jsonscan.Scanner, _ *queue) {
	sp := otelSpan{span: newSpan()}
	title, duration := "", trace.Unknown
	s.Object(func(key []byte) {
		if name, ok := strings.CutPrefix(string(key), "attributes."); ok {
			d.attribute(s, name, &sp)
			return
		}
		switch d.keys.of(key) {
		case "name":
			title = looseText(s)
		case "context", "spancontext":
			object(s, func(key []byte) { d.identity(s, d.keys.of(key), &sp) })
		case "parent", "parentspancontext":
			d.parent(s, &sp)
		case "parentid", "parentspanid":
			sp.parent = spanID(looseText(s))
		case "starttime", "starttimeunixnano":
			sp.start = d.time(s, "start_time")
		case "endtime", "endtimeunixnano":
			sp.end = d.time(s, "end_time")
		case "timestamp":
			sp.start = d.time(s, "timestamp")
		case "duration":
			duration = spanLength(s)
		case "spankind":
			p := looseText(s)
			sp.operation = openInferenceKind(p, sp.operation)
		case "status", "statuscode":
			d.status(s, &sp)
		case "attributes":
			d.attributes(s, &sp)
		default:
			d.identity(s, strings.TrimPrefix(d.keys.of(key), "context"), &sp)
		}
	})
	if s.Err() == nil && sp.id == "" {
		s.Fail("span_id: missing; want the span's id")
	}
	if sp.end < 0 && sp.start >= 0 && duration >= 0 {
		sp.end = sp.start + duration
	}
	sp.classify(title)
	d.add(sp.span, s.Line())
}

func (d *spanDump) identity(s *jsonscan.Scanner, key string, sp *otelSpan) {
	switch key {
	case "traceid":
		sp.trace = spanID(looseText(s))
	case "spanid", "id":
		sp.id = spanID(looseText(s))
	default:
		s.Skip()
	}
}

// spanID drops the prefix that Python writes.
func spanID(text string) string { return strings.TrimPrefix(text, "0x") }

func (d *spanDump) parent(s *jsonscan.Scanner, sp *otelSpan) {
	object(s, func(key []byte) {
		if d.keys.of(key) != "spanid" {
			s.Skip()
			return
		}
		if id := spanID(looseText(s)); strings.Trim(id, "0") != "" {
			sp.parent = id
		}
	})
}

// time reads an instant; JavaScript writes a pair of seconds and nanoseconds.
func (d *spanDump) time(s *jsonscan.Scanner, name string) float64 {
	if !s.Is('[') {
		return looseTime(s, name)
	}
	return pairSeconds(s)
}

// spanLength reads a length of time: microseconds, or a pair as above.
func spanLength(s *jsonscan.Scanner) float64 {
	switch {
	case s.Is('['):
		return pairSeconds(s)
	case s.Is('{'), s.Is('t'), s.Is('f'), s.Is('n'), s.Is('"'):
		s.Skip()
		return trace.Unknown
	}
	return max(s.Float()*micro, 0)
}

func pairSeconds(s *jsonscan.Scanner) float64 {
	at, unit := 0.0, 1.0
	s.Array(func() {
		at += s.Float() * unit
		unit = nano
	})
	if s.Err() != nil || !(at >= 0 && at <= unixMax) {
		return trace.Unknown
	}
	return at
}

// status reads whether the span failed: a code, its name, or an object with it.
func (d *spanDump) status(s *jsonscan.Scanner, sp *otelSpan) {
	if !s.Is('{') {
		sp.failed = sp.failed || failedStatus(looseText(s))
		return
	}
	s.Object(func(key []byte) {
		switch d.keys.of(key) {
		case "statuscode", "code":
			sp.failed = sp.failed || failedStatus(looseText(s))
		default:
			s.Skip()
		}
	})
}

func failedStatus(code string) bool {
	return strings.HasSuffix(strings.ToUpper(code), "ERROR") || code == "2"
}

// attributes reads a map of attributes, or a list of keys and values.
func (d *spanDump) attributes(s *jsonscan.Scanner, sp *otelSpan) {
	switch {
	case s.Is('['):
		s.Array(func() { d.pair(s, sp) })
	case s.Is('{'):
		s.Object(func(key []byte) { d.attribute(s, d.env.names.of(key), sp) })
	default:
		s.Skip()
	}
}

// pair reads {key, value}, whose value may be an object with one.
func (d *spanDump) pair(s *jsonscan.Scanner, sp *otelSpan) {
	name := ""
	object(s, func(key []byte) {
		switch d.keys.of(key) {
		case "key":
			name = d.env.names.of([]byte(looseText(s)))
		case "value":
			if !s.Is('{') {
				d.attribute(s, name, sp)
				return
			}
			s.Object(func(key []byte) {
				if d.keys.of(key) == "type" {
					s.Skip()
					return
				}
				d.attribute(s, name, sp)
			})
		default:
			s.Skip()
		}
	})
}

// attribute reads the value of an attribute. Nested maps have the names of
// those around them before theirs, as in rows of Phoenix.
func (d *spanDump) attribute(s *jsonscan.Scanner, name string, sp *otelSpan) {
	switch {
	case s.Is('{'):
		s.Object(func(key []byte) { d.attribute(s, name+"."+string(key), sp) })
	case s.Is('['), s.Is('n'):
		s.Skip()
	default:
		d.value(s, name, sp)
	}
}

// jaeger reads traces of Jaeger: the answer of its API or a saved trace ({data:
// [{traceID, spans: [{spanID, operationName, references, startTime and duration
// in µs, tags: [{key, value}]}]}]}), one trace, or one span a line as it stores
// them. Newer versions answer {result: {resourceSpans}}. Tags are attributes.
type jaeger struct{ otel }

func newJaeger(e *env) jsonFormat { return &jaeger{otel{newSpans(e)}} }

func (j *jaeger) record(s *jsonscan.Scanner, q *queue) {
	sp := otelSpan{span: newSpan()}
	title, duration, inside := "", trace.Unknown, false
	object(s, func(key []byte) {
		switch string(key) {
		case "data", "spans":
			inside = true
			array(s, func() { j.record(s, q) })
		case "result":
			inside = true
			j.otel.record(s, q)
		case "traceID":
			sp.trace = looseText(s)
		case "spanID":
			sp.id = looseText(s)
		case "parentSpanID":
			sp.parent = looseText(s)
		case "operationName":
			title = looseText(s)
		case "references":
			array(s, func() { j.reference(s, &sp) })
		case "startTime":
			sp.start = looseTime(s, "startTime")
		case "duration":
			duration = spanLength(s)
		case "tags":
			array(s, func() { j.tag(s, &sp) })
		case "error", "errors":
			s.Skip()
		default:
			s.Skip() // processes, logs, totals
		}
	})
	switch {
	case s.Err() != nil || inside || sp.id == "" && sp.trace == "":
		return
	case sp.id == "":
		s.Fail("spanID: missing; want the span's id")
		return
	}
	if sp.start >= 0 && duration >= 0 {
		sp.end = sp.start + duration
	}
	sp.classify(title)
	j.add(sp.span, s.Line())
}

func (j *jaeger) reference(s *jsonscan.Scanner, sp *otelSpan) {
	kind, id := "", ""
	object(s, func(key []byte) {
		switch string(key) {
		case "refType":
			kind = looseText(s)
		case "spanID":
			id = looseText(s)
		default:
			s.Skip()
		}
	})
	if kind == "CHILD_OF" || sp.parent == "" {
		sp.parent = id
	}
}

func (j *jaeger) tag(s *jsonscan.Scanner, sp *otelSpan) {
	name := ""
	object(s, func(key []byte) {
		switch string(key) {
		case "key":
			name = j.env.names.of([]byte(looseText(s)))
		case "value":
			switch {
			case s.Is('{'), s.Is('['), s.Is('n'):
				s.Skip()
			case name == "error":
				sp.failed = s.Is('t') || sp.failed
				s.Skip()
			case name == "otel.status_code":
				sp.failed = failedStatus(looseText(s)) || sp.failed
			default:
				j.value(s, name, sp)
			}
		default:
			s.Skip()
		}
	})
}
