package readers

import (
	"math"
	"strconv"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// Exports of one product spell a key in several ways: startTime, start_time,
// "Start Time". plainKey drops what differs: case, and all but letters and
// digits.
func (n plainKeys) of(key []byte) string {
	if plain, ok := n[string(key)]; ok {
		return plain
	}
	if len(n) >= namesMax {
		clear(n)
	}
	plain := plainName(string(key))
	n[string(key)] = plain
	return plain
}

// plainKeys remembers the plain form of the few distinct keys of a trace.
type plainKeys map[string]string

func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// looseCount reads a count of tokens as exporters write it: a number, a number
// in quotes, or nothing at all. told is false for null, "" and what is neither.
func looseCount(s *jsonscan.Scanner, name string) (count int, told bool) {
	switch {
	case s.Null():
		return 0, false
	case s.Is('"'):
		text := strings.ReplaceAll(strings.TrimSpace(s.String()), ",", "")
		if text == "" || text == "-" {
			return 0, false
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			s.Fail("%s: not a number; want a count of tokens", name)
			return 0, false
		}
		return wholeCount(s, name, v), true
	case s.Is('{'), s.Is('['), s.Is('t'), s.Is('f'):
		s.Skip()
		return 0, false
	}
	return wholeCount(s, name, s.Float()), true
}

func wholeCount(s *jsonscan.Scanner, name string, v float64) int {
	switch {
	case s.Err() != nil:
	case !(v >= 0 && v <= jsonscan.CountMax):
		s.Fail("%s: %v tokens; want 0 to %d", name, v, jsonscan.CountMax)
	case v != math.Trunc(v):
		s.Fail("%s: %v tokens; want a whole number", name, v)
	default:
		return int(v)
	}
	return 0
}

// looseTime reads an instant as Unix seconds: a date with time, or a number of
// seconds, milliseconds, microseconds or nanoseconds since 1970, quoted or not.
// Which of these is told by its size: all of them mean years from 1973 to 2255.
func looseTime(s *jsonscan.Scanner, name string) float64 {
	switch {
	case s.Null():
		return trace.Unknown
	case s.Is('"'):
		at, err := instantOf(s.String())
		if err != "" {
			s.Fail("%s: %s", name, err)
		}
		return at
	case s.Is('{'), s.Is('['), s.Is('t'), s.Is('f'):
		s.Skip()
		return trace.Unknown
	}
	at, err := epoch(s.Float())
	if err != "" && s.Err() == nil {
		s.Fail("%s: %s", name, err)
	}
	return at
}

// instantOf reads an instant as text; "" is unknown. fault says what is wrong.
func instantOf(text string) (unix float64, fault string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return trace.Unknown, ""
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return epoch(v)
	}
	t, err := wallTime(strings.TrimSuffix(text, " UTC"))
	switch {
	case err != nil:
		return trace.Unknown, err.Error()
	case t.Unix() < 0:
		return trace.Unknown, "a time before 1970"
	}
	return float64(t.Unix()) + float64(t.Nanosecond())*nano, ""
}

// The largest number that counts seconds, milliseconds or microseconds since
// 1970: a hundred times less is before 1973 in the next finer unit.
const (
	maxEpochSeconds = 1e11
	maxEpochMillis  = 1e14
	maxEpochMicros  = 1e17
)

// epoch turns a number since 1970 into seconds; 0 is how exporters write that
// they do not know.
func epoch(v float64) (unix float64, fault string) {
	switch {
	case v == 0:
		return trace.Unknown, ""
	case v > 0 && v < maxEpochSeconds:
	case v > 0 && v < maxEpochMillis:
		v *= milli
	case v > 0 && v < maxEpochMicros:
		v *= micro
	case v > 0:
		v *= nano
	}
	if !(v >= 0 && v <= unixMax) {
		return trace.Unknown, "not a time; want one of 0 or more, and before the year 2255"
	}
	return v, ""
}

// looseText reads a name: a string, or a number as it is written. Anything else
// has none.
func looseText(s *jsonscan.Scanner) string {
	switch {
	case s.Is('"'), s.Is('n'):
		return s.String()
	case s.Is('{'), s.Is('['), s.Is('t'), s.Is('f'):
		s.Skip()
		return ""
	}
	return strconv.FormatFloat(s.Float(), 'f', -1, 64)
}

// looseObject calls field for each key of an object, or of the JSON text of an
// object, which some exporters put in quotes. Anything else is skipped.
func looseObject(s *jsonscan.Scanner, field func(s *jsonscan.Scanner, key []byte)) {
	switch {
	case s.Is('{'):
		s.Object(func(key []byte) { field(s, key) })
	case s.Is('"'):
		inner := jsonscan.New(strings.NewReader(s.String()))
		if !inner.Is('{') {
			return
		}
		inner.Object(func(key []byte) { field(inner, key) })
		if err := inner.Err(); err != nil {
			s.Fail("JSON in quotes: %v", err)
		}
	default:
		s.Skip()
	}
}

// took says when a call began and was over, in Unix seconds.
func (e *entry) took(start, end float64) {
	e.Start, e.end = start, end
	if start >= 0 && end > start {
		e.Service = end - start
	}
}

// providerUsage reads a usage object. At says where a key's count goes, nil for
// one that is none; counts are told at least once where counted is true. A
// count that two keys tell is the larger one.
func providerUsage(s *jsonscan.Scanner, usual buckets, at func(*usage, string) *int) (u usage, counted bool) {
	u.usual = usual
	object(s, func(key []byte) {
		switch name := string(key); name {
		case "prompt_tokens_details", "input_tokens_details":
			nested(s, func() {
				v, _ := looseCount(s, "cached_tokens")
				u.read = max(u.read, v)
			}, "cached_tokens")
		case "completion_tokens_details", "output_tokens_details":
			nested(s, func() { u.reasoning, _ = looseCount(s, "reasoning_tokens") }, "reasoning_tokens")
		default:
			to := at(&u, name)
			if to == nil {
				s.Skip()
				return
			}
			if v, told := looseCount(s, name); told {
				*to, counted = max(*to, v), true
			}
		}
	})
	return u, counted
}

// openAIUsage reads a usage as OpenAI's interfaces tell it.
func openAIUsage(s *jsonscan.Scanner) (usage, bool) {
	return providerUsage(s, openAI(), func(u *usage, key string) *int {
		switch key {
		case "input_tokens", "prompt_tokens":
			return &u.input
		case "output_tokens", "completion_tokens":
			return &u.output
		case "cached_input_tokens", "cache_read_tokens":
			return &u.read
		case "reasoning_output_tokens":
			return &u.reasoning
		case "total_tokens":
			return &u.total
		}
		return nil
	})
}

// liteUsage reads a usage as LiteLLM hands it on: cache reads inside the input,
// and told twice where the provider is Anthropic.
func liteUsage(s *jsonscan.Scanner) (usage, bool) {
	return providerUsage(s, openAI(), func(u *usage, key string) *int {
		switch key {
		case "prompt_tokens", "input_tokens":
			return &u.input
		case "completion_tokens", "output_tokens":
			return &u.output
		case "cache_read_tokens", "cache_read_input_tokens":
			return &u.read
		case "cache_write_tokens", "cache_creation_input_tokens":
			return &u.created
		case "total_tokens":
			return &u.total
		}
		return nil
	})
}

// anthropicUsage reads a usage as the Messages API tells it.
func anthropicUsage(s *jsonscan.Scanner) (usage, bool) {
	return providerUsage(s, anthropic(), func(u *usage, key string) *int {
		switch key {
		case "input_tokens":
			return &u.input
		case "output_tokens":
			return &u.output
		case "cache_read_input_tokens":
			return &u.read
		case "cache_creation_input_tokens":
			return &u.created
		}
		return nil
	})
}
