package readers

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// callRows reads tables of which each row is a call, with counts of tokens
// under any of the usual names, as CSV, JSON or Parquet: what people write
// themselves, and what inference platforms publish (Baseten among them). What
// a time is counted in is told by its name (timestamp_ms, duration_s), or else
// it is a date or a number since 1970. Rows without a session stand alone.
type callRows struct {
	oneByOne
	env  *env
	keys plainKeys
}

func newCallRows(e *env) jsonFormat { return &callRows{env: e, keys: plainKeys{}} }

// callRowKeys are pairs of names of the counts.
func callRowKeys() []string {
	return []string{
		"input_tokens output_tokens", "prompt_tokens completion_tokens", "inputTokens outputTokens",
		"promptTokens completionTokens", "num_input_tokens num_output_tokens", "prompt_tokens output_tokens",
		"num_prompt_tokens num_output_tokens", "input_len output_len", "prompt_len output_len", "isl osl",
		"input_token_count output_token_count", "usage.prompt_tokens usage.completion_tokens",
		"usage.input_tokens usage.output_tokens",
	}
}

func callRowColumns() (out []string) {
	for _, keys := range callRowKeys() {
		out = append(out, strings.ReplaceAll(keys, " ", ","))
	}
	return out
}

// isCallRows reports whether a table has a column of each count, however it is
// spelt.
func isCallRows(p *sample) bool {
	var u usage
	input, output := false, false
	find := func(name string) {
		to := countOf(name, &u)
		input, output = input || to == &u.input, output || to == &u.output
	}
	for _, name := range slices.Sorted(maps.Keys(headerOf(p))) {
		find(name)
	}
	for _, key := range slices.Sorted(maps.Keys(p.keys)) {
		if _, inside, ok := strings.Cut(key, "."); !ok || key == "usage."+inside {
			find(plainName(cmp.Or(inside, key)))
		}
	}
	return input && output
}

func (c *callRows) record(s *jsonscan.Scanner, _ *queue) {
	e := newEntry()
	e.Kind = trace.User
	var u usage
	failed := false
	object(s, func(key []byte) { c.field(s, key, &e, &u, &failed) })
	if e.Service < 0 {
		e.took(e.Start, e.end)
	}
	switch {
	case s.Err() != nil:
	case failed:
		c.env.note(failedCalls)
	default:
		e.Input, e.Cached, e.Output = u.tokens()
		c.env.record(e)
	}
}

func (c *callRows) field(s *jsonscan.Scanner, key []byte, e *entry, u *usage, failed *bool) {
	name := c.keys.of(key)
	if to := countOf(name, u); to != nil {
		if v, told := looseCount(s, string(key)); told {
			*to = v
		}
		return
	}
	switch name {
	case "usage", "tokenusage", "tokens":
		object(s, func(key []byte) { c.field(s, key, e, u, failed) })
		return
	case "prompttokensdetails", "inputtokensdetails", "inputtokendetails":
		nested(s, func() { u.read, _ = looseCount(s, "cached_tokens") }, "cached_tokens")
		return
	case "model", "modelname", "modelid":
		e.Model = c.env.names.of([]byte(looseText(s)))
	case "sessionid", "conversationid", "providedsessionid", "threadid", "chatid", "trajectoryid", "session":
		e.Session = cmp.Or(e.Session, looseText(s))
	case "turn", "turnindex", "roundindex", "turnid", "step":
		if v, told := looseCount(s, string(key)); told {
			e.rank = v
		}
	case "requestid", "callid":
		e.id = looseText(s)
	case "error", "errormessage":
		text := looseText(s)
		*failed = *failed || text != ""
	case "status", "statuscode":
		switch status := strings.ToLower(looseText(s)); {
		case strings.HasPrefix(status, "err"), strings.HasPrefix(status, "fail"), strings.HasPrefix(status, "4"),
			strings.HasPrefix(status, "5"), strings.HasPrefix(status, "cancel"), strings.HasPrefix(status, "timeout"):
			*failed = true
		}
	default:
		c.time(s, key, e)
	}
}

// countOf is where a count belongs by its name; nil = it is none.
func countOf(name string, u *usage) *int {
	switch name {
	case "inputtokens", "prompttokens", "numinputtokens", "numprompttokens", "inputlen", "promptlen", "isl",
		"inputtokencount":
		return &u.input
	case "outputtokens", "completiontokens", "numoutputtokens", "outputlen", "osl", "outputtokencount":
		return &u.output
	case "cachedtokens", "cachedinputtokens", "cachereadtokens", "cachereadinputtokens", "cachedprompttokens",
		"cachedtokensreference", "numcachedtokens":
		return &u.read
	case "cachecreationinputtokens", "cachecreationtokens", "cachewritetokens":
		return &u.created
	case "reasoningtokens", "reasoningoutputtokens":
		return &u.reasoning
	case "totaltokens":
		return &u.total
	}
	return nil
}

// time reads when a call began, was over, or how long it took.
func (c *callRows) time(s *jsonscan.Scanner, key []byte, e *entry) {
	stem, unit := unitOf(string(key))
	instantIn := func() float64 {
		if unit > 0 && !s.Is('"') {
			return seconds(s, string(key), unit)
		}
		return looseTime(s, string(key))
	}
	switch stem {
	case "timestamp", "starttime", "timestampstart", "arrivaltime", "arrival", "start", "createdat", "requesttime",
		"time", "arrivedat":
		e.Start = instantIn()
	case "endtime", "timestampend", "end", "finishedat", "completedat":
		e.end = instantIn()
	case "duration", "latency", "e2elatency", "duratione2e", "e2e", "elapsed", "responsetime":
		if unit == 0 {
			unit = 1
		}
		if v, err := strconv.ParseFloat(looseText(s), 64); err == nil && v >= 0 && v*unit <= unixMax {
			e.Service = v * unit
		}
	default:
		s.Skip()
	}
}

// unitOf divides a name into a plain one and the unit that it ends with, in
// seconds; 0 = none.
func unitOf(name string) (stem string, unit float64) {
	for _, known := range []struct {
		suffix string
		size   float64
	}{
		{"_ms", milli}, {"_us", micro}, {"_ns", nano}, {"_s", 1}, {"_seconds", 1}, {"_unix", 1},
		{" (ms)", milli}, {" (s)", 1}, {"Ms", milli},
	} {
		if short, ok := strings.CutSuffix(name, known.suffix); ok {
			return plainName(strings.TrimSuffix(short, "_unix")), known.size
		}
	}
	return plainName(name), 0
}
