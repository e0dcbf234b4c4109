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
	Version string // of the engine; may be empty
	System  string // preset
	Model   string // preset
	Weights string // of the experts; fp4 is the vendor's native 4-bit format; empty = not recorded
	KVCache string // format; empty = not recorded
	Mode    string // aggregated | disaggregated

	Accelerators int  // over all workers
	Prefill      Pool // of a disaggregated case
	Decode       Pool // of a disaggregated case, or the one pool of an aggregated one
	MTP          bool // speculative decoding; its depth is not recorded

	Load  Load   // of a run of agents; zero = requests of fixed length
	Draft Draft  // what is recorded of speculative decoding
	Notes string // free text of the table

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

// Load is what agents a run served, and for how long.
type Load struct {
	Workload string  // preset of the sessions' shape
	About    string  // what else the table says of it
	Lanes    bool    // Concurrency counts session trees alive, not conversations
	Offload  string  // where evicted caches may go: none, dram, mooncake; empty = not published
	Warmup   float64 // seconds before what counts
	Window   float64 // seconds that count; 0 = a finite run

	Sessions int  // of a finite run's set; 0 = as many as the run takes
	Passes   int  // of that set; the last one counts
	Steady   bool // what counts is the stretch in which all agents are busy, not the run's end
}

// Agents reports whether the case is a run of agents.
func (c *Case) Agents() bool { return c.Load.Workload != "" }

// Draft is what a table records of speculative decoding.
type Draft struct {
	Name     string  // mtp, eagle3, dspark, …; none = off; empty = not published
	Depth    int     // tokens drafted a step; 0 = not published
	Accepted float64 // mean tokens a step, the bonus token included; 0 = not published
}

// Metric is a column of measurements.
type Metric uint8

// The metrics that are predicted, in the order they are reported.
const (
	TotalThroughput Metric = iota
	OutputThroughput
	Requests
	TPOTMean
	TPOT
	TPOTSlow
	TPOTLate
	TPOTTail
	Step
	TTFTMean
	TTFT
	TTFTSlow
	TTFTLate
	TTFTTail
	Hit
	Power
	Energy
	metricCount
)

// Metrics lists all metrics.
func Metrics() []Metric {
	list := make([]Metric, metricCount)
	for i := range list {
		list[i] = Metric(i)
	}
	return list
}

// String is the metric's column.
func (m Metric) String() string {
	return [metricCount]string{"total_tok_s_gpu", "output_tok_s_gpu", "requests_s", "tpot_mean_ms", "tpot_p50_ms",
		"tpot_p90_ms", "tpot_p95_ms", "tpot_p99_ms", "step_ms", "ttft_mean_s", "ttft_p50_s", "ttft_p90_s", "ttft_p95_s",
		"ttft_p99_s", "prefix_hit", "gpu_power_w", "j_per_output_tok"}[m]
}

// share reports whether the metric is a share, whose error is a difference.
func (m Metric) share() bool { return m == Hit }

// The kinds of load.
const (
	fixedLoad  = "fixed"
	agentsLoad = "agents"
)

func (c *Case) loadKind() string {
	if c.Agents() {
		return agentsLoad
	}
	return fixedLoad
}
