package validate

import "agentsim/serve"

// The modes of a deployment.
const (
	aggregated    = serve.Aggregated
	disaggregated = serve.Disaggregated
)

// Case is one published serving run.
type Case struct {
	ID      string
	Date    string // of the run, as in 2026-05-20; may be empty
	Engine  string // family: trtllm, sglang, vllm, atom
	System  string // preset
	Model   string // preset
	Weights string // of the experts; fp4 is the vendor's native 4-bit format; empty = not recorded
	KVCache string // format; empty = not recorded
	Mode    string // aggregated | disaggregated

	Accelerators int  // over all workers
	Prefill      Pool // of a disaggregated case
	Decode       Pool // of a disaggregated case, or the one pool of an aggregated one
	MTP          bool // speculative decoding; its depth is not recorded

	Input, Output int     // nominal lengths in tokens
	Shortest      float64 // lengths are uniform from this share of nominal up to nominal
	Concurrency   int     // requests in flight

	Measured [metricCount]float64 // by Metric; 0 = not reported

	Line int    // in the table
	Gap  string // why it cannot be simulated as recorded; empty = it can
}

// Pool is a number of equal workers as the table describes them.
type Pool struct {
	Workers      int
	Accelerators int // per worker
	TP           int // of attention and dense parts
	EP           int // 1 = experts split by tensor parallelism
	DPAttention  bool
}

// Metric is a column of measurements.
type Metric uint8

// The metrics that are predicted, in the order they are reported.
const (
	TotalThroughput Metric = iota
	OutputThroughput
	TPOT
	TTFT
	TTFTTail
	Power
	Energy
	metricCount
)

// Metrics lists all metrics.
func Metrics() []Metric {
	return []Metric{TotalThroughput, OutputThroughput, TPOT, TTFT, TTFTTail, Power, Energy}
}

// String is the metric's column.
func (m Metric) String() string {
	return [metricCount]string{"total_tok_s_gpu", "output_tok_s_gpu", "tpot_p50_ms", "ttft_p50_s", "ttft_p99_s",
		"gpu_power_w", "j_per_output_tok"}[m]
}
