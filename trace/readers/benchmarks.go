package readers

import (
	"cmp"
	"math"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// aiperfExport reads the records of requests that AIPerf writes beside its
// summary (profile_export.jsonl): {metadata, metrics: {name: {value, unit}},
// error}. A session is one run through a conversation (x_correlation_id); its
// turns are numbered. The input is that of the whole prompt, the output
// includes reasoning. Times are nanoseconds. Warm-up and failed or cancelled
// requests are left out.
type aiperfExport struct {
	oneByOne
	env *env
}

func newAIPerfExport(e *env) jsonFormat { return &aiperfExport{env: e} }

// aiperfRecord is what matters of a record.
type aiperfRecord struct {
	entry
	conversation, phase, request string
	failed                       bool
	visible, reasoning           int // parts of the output
	reported                     usage
}

func (a *aiperfExport) record(s *jsonscan.Scanner, _ *queue) {
	r := aiperfRecord{entry: newEntry()}
	r.Kind = trace.User // whatever the pause stands for
	object(s, func(key []byte) {
		switch string(key) {
		case "metadata":
			object(s, func(key []byte) { a.metadata(s, string(key), &r) })
		case "metrics":
			object(s, func(key []byte) { a.metric(s, string(key), &r) })
		case "error":
			r.failed = !s.Is('n') || r.failed
			s.Skip()
		default:
			a.env.unknown(s, key, "")
		}
	})
	r.Session = cmp.Or(r.Session, r.conversation)
	if r.request != "" {
		r.id = r.request
	}
	r.Input = cmp.Or(r.Input, r.reported.input)
	r.Cached = min(r.reported.read, r.Input)
	r.Output = cmp.Or(r.Output, r.visible+r.reasoning, r.reported.output)
	if r.Service < 0 {
		r.took(r.Start, r.end)
	}
	switch {
	case s.Err() != nil:
	case r.failed:
		a.env.note(failedCalls)
	case r.phase == "warmup":
		a.env.note("calls of the warm-up left out")
	default:
		a.env.record(r.entry)
	}
}

func (a *aiperfExport) metadata(s *jsonscan.Scanner, key string, r *aiperfRecord) {
	switch key {
	case "x_correlation_id":
		r.Session = looseText(s)
	case "conversation_id":
		r.conversation = looseText(s)
	case "x_request_id":
		r.request = looseText(s)
	case "parent_correlation_id", "parent_x_correlation_id":
		r.Parent = looseText(s)
	case "turn_index":
		r.rank, _ = looseCount(s, key)
	case "request_start_ns":
		r.Start = seconds(s, key, nano)
	case "request_end_ns":
		r.end = seconds(s, key, nano)
	case "benchmark_phase":
		r.phase = looseText(s)
	case "was_cancelled":
		r.failed = s.Is('t') || r.failed
		s.Skip()
	default:
		s.Skip()
	}
}

// metric reads a metric: {value, unit}, or in older versions the value alone.
func (a *aiperfExport) metric(s *jsonscan.Scanner, key string, r *aiperfRecord) {
	value, unit, told := 0.0, "", false
	number := func() {
		if s.Is('"') || s.Is('[') || s.Is('{') || s.Is('n') || s.Is('t') || s.Is('f') {
			s.Skip()
			return
		}
		value, told = s.Float(), true
	}
	if s.Is('{') {
		s.Object(func(key []byte) {
			switch string(key) {
			case "value":
				number()
			case "unit":
				unit = looseText(s)
			default:
				s.Skip()
			}
		})
	} else {
		number()
	}
	if !told || s.Err() != nil {
		return
	}
	count := func(to *int) {
		if !(value >= 0 && value <= jsonscan.CountMax) {
			s.Fail("%s: %v tokens; want 0 to %d", key, value, jsonscan.CountMax)
			return
		}
		*to = int(math.Round(value))
	}
	switch key {
	case "input_sequence_length":
		count(&r.Input)
	case "output_sequence_length":
		count(&r.Output)
	case "output_token_count":
		count(&r.visible)
	case "reasoning_token_count":
		count(&r.reasoning)
	case "usage_prompt_tokens":
		count(&r.reported.input)
	case "usage_completion_tokens":
		count(&r.reported.output)
	case "usage_prompt_cache_read_tokens", "usage_prompt_cached_tokens", "usage_cached_tokens":
		count(&r.reported.read)
	case "request_latency":
		if size := unitSeconds(unit); value >= 0 && size > 0 {
			r.Service = value * size
		}
	}
}

// unitSeconds returns the seconds of a unit of AIPerf's metrics; 0 = not known.
func unitSeconds(unit string) float64 {
	switch unit {
	case "ns":
		return nano
	case "us":
		return micro
	case "ms", "":
		return milli
	case "s", "sec":
		return 1
	}
	return 0
}

// vllmResults reads what vllm bench serve writes with --save-result
// --save-detailed, and SGLang's bench_serving with --output-details: one object
// a run with lists over its requests: input_lens, output_lens, ttfts, itls (s),
// errors, and in newer versions start_times (s). A request has no session; it
// took the time to its first token and those between tokens.
type vllmResults struct {
	oneByOne
	env *env
}

func newVLLMResults(e *env) jsonFormat { return &vllmResults{env: e} }

// vllmRun holds the lists of a run.
type vllmRun struct {
	inputs, outputs              []int
	starts, first, rest, latency []float64
	failed                       []bool
	model                        string
}

func (v *vllmResults) record(s *jsonscan.Scanner, _ *queue) {
	var run vllmRun
	object(s, func(key []byte) {
		switch name := string(key); name {
		case "input_lens", "prompt_lens":
			run.inputs = counts(s, name)
		case "output_lens":
			run.outputs = counts(s, name)
		case "start_times":
			run.starts = floats(s, func() float64 { return s.Float() })
		case "ttfts":
			run.first = floats(s, func() float64 { return s.Float() })
		case "e2els", "latencies":
			run.latency = floats(s, func() float64 { return s.Float() })
		case "itls":
			run.rest = floats(s, func() (sum float64) {
				array(s, func() { sum += s.Float() })
				return sum
			})
		case "errors":
			array(s, func() { run.failed = append(run.failed, looseText(s) != "") })
		case "model_id", "model":
			run.model = v.env.names.of([]byte(looseText(s)))
		default:
			s.Skip() // settings and sums
		}
	})
	if s.Err() != nil {
		return
	}
	if len(run.outputs) != len(run.inputs) || len(run.inputs) == 0 {
		s.Fail("input_lens and output_lens: %d and %d entries; want as many of both, one a request: run the benchmark"+
			" with --save-detailed", len(run.inputs), len(run.outputs))
		return
	}
	for i, input := range run.inputs {
		if i < len(run.failed) && run.failed[i] || run.outputs[i] == 0 {
			v.env.note(failedCalls)
			continue
		}
		e := newEntry()
		e.Input, e.Output, e.Model = input, run.outputs[i], run.model
		e.Start = at(run.starts, i)
		e.Service = at(run.latency, i)
		if first := at(run.first, i); e.Service < 0 && first >= 0 {
			e.Service = first + max(at(run.rest, i), 0)
		}
		v.env.record(e)
	}
}

// at returns an entry of a list that may be absent, or unknown.
func at(list []float64, i int) float64 {
	if i >= len(list) || !(list[i] >= 0 && list[i] <= unixMax) {
		return trace.Unknown
	}
	return list[i]
}

func counts(s *jsonscan.Scanner, name string) (list []int) {
	array(s, func() {
		v, _ := looseCount(s, name)
		list = append(list, v)
	})
	return list
}

// floats reads a list of numbers; null is unknown.
func floats(s *jsonscan.Scanner, read func() float64) (list []float64) {
	array(s, func() {
		if s.Null() {
			list = append(list, trace.Unknown)
			return
		}
		list = append(list, read())
	})
	return list
}
