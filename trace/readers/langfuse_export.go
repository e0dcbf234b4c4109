package readers

import (
	"cmp"
	"strconv"
	"strings"

	"agentsim/trace/jsonscan"
)

// langfuseExport reads what Langfuse hands out beside plain observations: pages
// of its API ({data, meta}), traces with their observations, exports to a blob
// store (snake_case, observations and traces in files of their own, of which
// the latter name the sessions) and the CSV of its tables. Keys are compared
// without case and punctuation. A row without a type is a call if it has tokens.
type langfuseExport struct {
	spans
	keys     plainKeys
	sessions map[string]string // by trace
}

func newLangfuseExport(e *env) jsonFormat {
	return &langfuseExport{spans: newSpans(e), keys: plainKeys{}, sessions: map[string]string{}}
}

// langfuseNode is an observation, a trace or a page.
type langfuseNode struct {
	span
	kindName string
	observed bool // it belongs to a trace
}

func (l *langfuseExport) record(s *jsonscan.Scanner, _ *queue) { l.node(s, "", "") }

// node reads an object. What lies in a trace belongs to it.
func (l *langfuseExport) node(s *jsonscan.Scanner, traceID, session string) {
	n := langfuseNode{span: newSpan()}
	first, page := len(l.all), false
	object(s, func(key []byte) {
		switch name := l.keys.of(key); name {
		case "data", "observations":
			page = page || name == "data"
			array(s, func() {
				if s.Is('{') {
					l.node(s, traceID, session)
				} else {
					s.Skip() // names of observations
				}
			})
		default:
			l.field(s, name, &n)
		}
	})
	switch {
	case s.Err() != nil || page:
	case n.observed || traceID != "" || n.kindName != "" || n.tokens.input > 0:
		if n.id == "" {
			s.Fail("id: missing; want the observation's id")
			return
		}
		n.trace, n.session = cmp.Or(n.trace, traceID), cmp.Or(n.session, session)
		l.add(n.span, s.Line())
	case n.id != "": // a trace
		if n.session != "" {
			l.sessions[n.id] = n.session
		}
		for i := first; i < len(l.all); i++ {
			l.all[i].trace = cmp.Or(l.all[i].trace, n.id)
		}
	}
}

func (l *langfuseExport) field(s *jsonscan.Scanner, name string, n *langfuseNode) {
	switch name {
	case "id", "observationid":
		n.id = cmp.Or(n.id, looseText(s))
	case "traceid":
		n.trace = looseText(s)
		n.observed = n.trace != ""
	case "sessionid":
		n.session = looseText(s)
	case "parentobservationid":
		n.parent = looseText(s)
	case "type", "observationtype":
		n.kindName = looseText(s)
		n.kind = langfuseKind(strings.ToUpper(n.kindName))
	case "name":
		n.name = looseText(s)
	case "model", "providedmodelname", "modelname":
		if model := looseText(s); n.model == "" {
			n.model = l.env.names.of([]byte(model))
		}
	case "starttime":
		n.start = looseTime(s, "startTime")
	case "endtime":
		n.end = looseTime(s, "endTime")
	case "level":
		n.failed = strings.EqualFold(looseText(s), "ERROR")
	case "usagedetails", "usage", "tokens":
		l.usage(s, &n.tokens)
	default:
		l.count(s, strings.TrimPrefix(strings.TrimPrefix(name, "usagedetails"), "usage"), name, &n.tokens)
	}
	if n.kindName == "" && n.tokens.input > 0 {
		n.kind = callSpan
	}
}

// usage reads the counts of a call. In the CSV of a table they may be a text
// such as "5,000 → 100 (∑ 5,100)".
func (l *langfuseExport) usage(s *jsonscan.Scanner, u *usage) {
	if s.Is('"') {
		usageOfText(s.String(), u)
		return
	}
	var told usage
	object(s, func(key []byte) {
		name := l.keys.of(key)
		switch name {
		case "input", "output", "total":
			name += "tokens"
		}
		l.count(s, name, string(key), &told)
	})
	if told.input+told.output+told.read > 0 {
		*u = told
	}
}

func usageOfText(text string, u *usage) {
	var counts []int
	noDigit := func(r rune) bool { return r < '0' || r > '9' }
	for field := range strings.FieldsFuncSeq(strings.ReplaceAll(text, ",", ""), noDigit) {
		if v, err := strconv.Atoi(field); err == nil && v <= jsonscan.CountMax {
			counts = append(counts, v)
		}
	}
	if len(counts) >= 2 && len(counts) <= 3 {
		u.input, u.output = counts[0], counts[1]
	}
	if len(counts) == 3 {
		u.total = counts[2]
	}
}

// count reads one count by its plain name.
func (l *langfuseExport) count(s *jsonscan.Scanner, plain, name string, u *usage) {
	to, sum := (*int)(nil), false
	switch {
	case plain == "inputtokens" || plain == "prompttokens" || plain == "inputusage" || plain == "promptusage":
		to = &u.input
	case plain == "outputtokens" || plain == "completiontokens" || plain == "outputusage" || plain == "completionusage":
		to = &u.output
	case plain == "totaltokens" || plain == "totalusage":
		to = &u.total
	case strings.Contains(plain, "cost") || strings.Contains(plain, "price"):
	case strings.Contains(plain, "reasoning") || strings.Contains(plain, "thoughts"):
		to, sum = &u.reasoning, true
	case strings.Contains(plain, "cachecreation") || strings.Contains(plain, "cachewrite"):
		to, sum = &u.created, true
	case strings.HasPrefix(plain, "cache") || strings.HasPrefix(plain, "inputcache"):
		to, sum = &u.read, true
	}
	if to == nil {
		s.Skip()
		return
	}
	switch v, told := looseCount(s, name); {
	case told && sum:
		*to += v
	case told:
		*to = v
	}
}

// drain names the sessions of traces, then puts all calls into the ledger.
func (l *langfuseExport) drain(q *queue) (bool, error) {
	for i := range l.all {
		if at := &l.all[i]; at.session == "" {
			at.session = l.sessions[at.trace]
		}
	}
	return l.spans.drain(q)
}

// litellmPages reads pages of LiteLLM's spend logs ({data, total, page}), and
// their CSV.
type litellmPages struct{ litellm }

func newLiteLLMPages(e *env) jsonFormat { return &litellmPages{litellm{newSpans(e)}} }

func (l *litellmPages) record(s *jsonscan.Scanner, q *queue) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	s.Object(func(key []byte) {
		switch string(key) {
		case "data", "logs", "spend_logs":
			array(s, func() { l.litellm.record(s, q) })
		default:
			s.Skip()
		}
	})
}
