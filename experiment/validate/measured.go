package validate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Measured is one run of a benchmark client as its result file tells it: what
// was asked, and what came of it. The deployment it ran on stands elsewhere.
type Measured struct {
	Name        string // file and place
	Client      string // what wrote it
	Model       string // as the client called it; empty = not told
	Input       float64
	Output      float64 // mean tokens of a request
	Spread      float64 // lengths are even from this share of nominal up to nominal; 1 = all alike
	Concurrency int     // requests in flight, at most or on average
	Requests    int     // that ended; 0 = not told

	values    [metricCount]float64 // throughput in tokens/s of one accelerator, or of all:
	perSystem bool
}

// The clients whose results are read.
const (
	clientAIPerf     = "AIPerf"
	clientBench      = "vllm bench serve or sglang.bench_serving"
	clientInferenceX = "InferenceX"
)

// ReadMeasured reads result files of AIPerf (profile_export_aiperf.json), vllm
// bench serve --save-result, sglang.bench_serving --output-file (a line a run)
// and InferenceX (agg_*.json, one or a list). Name is shown in errors.
func ReadMeasured(text []byte, name string) ([]Measured, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var all []Measured
	for n := 1; ; n++ {
		var one any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w: want JSON, or a CSV table as validate reads it", name, err)
		}
		list, ok := one.([]any)
		if !ok {
			list = []any{one}
		}
		for i, entry := range list {
			place := name
			if n > 1 || len(list) > 1 {
				place = fmt.Sprintf("%s: run %d", name, max(n, i+1))
			}
			object, _ := entry.(map[string]any)
			m, err := measured(object)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", place, err)
			}
			m.Name = place
			all = append(all, *m)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: empty: want the result of a benchmark run", name)
	}
	return all, nil
}

// fields are the keys of a JSON object; a path names one in objects within.
type fields map[string]any

func (f fields) number(path string) float64 {
	at := any(map[string]any(f))
	for key := range strings.SplitSeq(path, ".") {
		within, ok := at.(map[string]any)
		if !ok {
			return 0
		}
		at = within[key]
	}
	x, _ := at.(float64)
	if math.IsInf(x, 0) || math.IsNaN(x) || x < 0 {
		return 0
	}
	return x
}

func (f fields) text(key string) string {
	s, _ := f[key].(string)
	return s
}

func (f fields) has(keys ...string) bool {
	for _, key := range keys {
		if _, ok := f[key]; ok {
			return true
		}
	}
	return false
}

func measured(object map[string]any) (*Measured, error) {
	f := fields(object)
	if records, ok := f["records"].(map[string]any); ok { // AIPerf of some versions
		for key, value := range records {
			if !f.has(key) {
				f[key] = value
			}
		}
	}
	var m *Measured
	switch {
	case f.has("tput_per_gpu"):
		m = f.inferenceX()
	case f.has("inter_token_latency", "time_to_first_token"):
		m = f.aiperf()
	case f.has("mean_tpot_ms", "median_tpot_ms", "mean_ttft_ms"):
		m = f.bench()
	default:
		return nil, fmt.Errorf("is no result of a benchmark that is known: want one of %s, %s or %s, or a CSV table as "+
			"validate reads it", clientAIPerf, clientBench, clientInferenceX)
	}
	return m, m.check()
}

// check reports what a run must tell and does not.
func (m *Measured) check() error {
	const tokensMax = 1 << 24
	for _, one := range []struct {
		value, most float64
		what        string
	}{
		{m.Input, tokensMax, "prompt tokens of a request"},
		{m.Output, tokensMax, "output tokens of a request"},
		{float64(m.Concurrency), countMax, "requests in flight, and no times from which to tell them"},
	} {
		if !(one.value >= 1 && one.value <= one.most) {
			return fmt.Errorf("%s: tells no %s", m.Client, one.what)
		}
	}
	for _, v := range m.values {
		if v > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: no measurements: want times between tokens, times to first tokens or throughput", m.Client)
}

// inFlight is the mean number of requests in flight by Little's law.
func inFlight(requestsPerSecond, seconds float64) int {
	return int(math.Round(requestsPerSecond * seconds))
}

// bench reads vllm bench serve, whose keys sglang.bench_serving shares.
func (f fields) bench() *Measured {
	done := f.number("completed")
	m := &Measured{
		Client:      clientBench,
		Model:       f.text("model_id"),
		Spread:      1,
		perSystem:   true,
		Input:       f.number("total_input_tokens") / max(1, done),
		Output:      f.number("total_output_tokens") / max(1, done),
		Concurrency: int(f.number("max_concurrency")),
		Requests:    int(done),
	}
	if m.Model == "" {
		m.Model = f.text("tokenizer_id")
	}
	e2e := f.number("mean_e2el_ms") + f.number("mean_e2e_latency_ms")
	if e2e == 0 {
		e2e = f.number("mean_ttft_ms") + f.number("mean_tpot_ms")*max(0, m.Output-1)
	}
	if m.Concurrency == 0 {
		m.Concurrency = inFlight(f.number("request_throughput"), e2e/milli)
	}
	m.values[TPOTMean], m.values[TPOT] = f.number("mean_tpot_ms"), f.number("median_tpot_ms")
	m.values[TPOTTail] = f.number("p99_tpot_ms")
	m.values[TTFTMean], m.values[TTFT] = f.number("mean_ttft_ms")/milli, f.number("median_ttft_ms")/milli
	m.values[TTFTTail] = f.number("p99_ttft_ms") / milli
	m.values[OutputThroughput] = f.number("output_throughput")
	return m
}

// aiperf reads the summary of AIPerf. Times are milliseconds, as it writes them.
func (f fields) aiperf() *Measured {
	m := &Measured{
		Client:    clientAIPerf,
		Spread:    1,
		perSystem: true,
		Input:     f.number("input_sequence_length.avg"),
		Output:    f.number("output_sequence_length.avg"),
		Requests:  int(f.number("request_count.avg")),
	}
	config, _ := f["input_config"].(map[string]any)
	m.Concurrency = int(fields(config).number("loadgen.concurrency"))
	if m.Concurrency == 0 {
		m.Concurrency = inFlight(f.number("request_throughput.avg"), f.number("request_latency.avg")/milli)
	}
	if endpoint, ok := config["endpoint"].(map[string]any); ok {
		if names, ok := endpoint["model_names"].([]any); ok && len(names) > 0 {
			m.Model, _ = names[0].(string)
		}
	}
	m.values[TPOTMean], m.values[TPOT] = f.number("inter_token_latency.avg"), f.number("inter_token_latency.p50")
	m.values[TPOTSlow], m.values[TPOTTail] = f.number("inter_token_latency.p90"), f.number("inter_token_latency.p99")
	m.values[TTFTMean] = f.number("time_to_first_token.avg") / milli
	m.values[TTFT] = f.number("time_to_first_token.p50") / milli
	m.values[TTFTSlow] = f.number("time_to_first_token.p90") / milli
	m.values[TTFTTail] = f.number("time_to_first_token.p99") / milli
	m.values[OutputThroughput] = f.number("output_token_throughput.avg")
	return m
}

// inferenceX reads a processed result of InferenceX: seconds, and tokens/s of one
// accelerator. Its lengths are even from 80 % of nominal up to nominal.
func (f fields) inferenceX() *Measured {
	m := &Measured{
		Client:      clientInferenceX,
		Model:       f.text("model"),
		Spread:      0.8,
		Input:       f.number("isl"),
		Output:      f.number("osl"),
		Concurrency: int(f.number("conc")),
	}
	m.values[TotalThroughput], m.values[OutputThroughput] = f.number("tput_per_gpu"), f.number("output_tput_per_gpu")
	m.values[TPOTMean], m.values[TPOT] = milli*f.number("mean_tpot"), milli*f.number("median_tpot")
	m.values[TPOTTail] = milli * f.number("p99_tpot")
	m.values[TTFTMean], m.values[TTFT], m.values[TTFTTail] = f.number("mean_ttft"), f.number("median_ttft"),
		f.number("p99_ttft")
	return m
}
