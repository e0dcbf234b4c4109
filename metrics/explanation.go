package metrics

// Explanation says where the time and energy of typical steps and the memory
// of an accelerator go.
type Explanation struct {
	Scenario string        `json:"scenario"`
	Workload Typical       `json:"workload"`
	Steps    []StepAccount `json:"steps"`
	Memory   []Pool        `json:"memory"`
	Basis    []Basis       `json:"basis"`
	Warnings []string      `json:"warnings,omitempty"` // what steps take from outside kernel tables

	// Interval is what the interval of the capacity consists of, by the analytic
	// model; nil where that serves nobody.
	Interval *ModelInterval `json:"model_interval,omitempty"`
}

// Typical is the mean call of a workload, in tokens.
type Typical struct {
	Input  float64 `json:"input_tokens"`
	New    float64 `json:"new_tokens"` // not in an earlier prompt of the session
	Output float64 `json:"output_tokens"`
}

// StepAccount is one step of a worker, operator by operator.
type StepAccount struct {
	Pool        string          `json:"pool"`
	Phase       string          `json:"phase"`
	ExpertsPath string          `json:"experts_path"`
	Tokens      float64         `json:"tokens"`    // of the worker
	Sequences   float64         `json:"sequences"` // decoding
	Seconds     float64         `json:"seconds"`
	StaticW     float64         `json:"static_w"` // of one accelerator: idle and active power
	Operators   []OperatorShare `json:"operators"`
}

// OperatorShare is one operator of a step, over all layers that run it.
type OperatorShare struct {
	Operator string  `json:"operator"`
	Kind     string  `json:"kind,omitempty"`
	Seconds  float64 `json:"seconds"`
	Share    float64 `json:"share"` // of the step
	Bound    string  `json:"bound"` // latency | compute | memory | network
	Watts    float64 `json:"watts"` // dynamic, mean of one accelerator over the step
	// Beyond is how far the load lies above what the operator's kernel table
	// measured, as a factor on the axis furthest out; absent = inside.
	Beyond float64 `json:"beyond_table,omitempty"`
}

// Basis is what part of the step times rests on numbers of one basis.
type Basis struct {
	Basis   string   `json:"basis"`
	Numbers int      `json:"numbers"`
	Share   float64  `json:"share"` // of all weights
	Top     []Weight `json:"top,omitempty"`
}

// Weight is by how many per cent the steps change for one per cent of a number.
type Weight struct {
	Path   string  `json:"path"`
	Weight float64 `json:"weight"`
}

// ExpertsExplanation says where the experts of a scenario lie and what their
// tokens move.
type ExpertsExplanation struct {
	Scenario string       `json:"scenario"`
	Pools    []ExpertPool `json:"pools"` // empty for dense models
}

// ExpertPool is the expert-parallel group of one pool's workers. Figures per
// token are means over the ranks that tokens start from.
type ExpertPool struct {
	Pool         string          `json:"pool"`
	Popularity   string          `json:"popularity"`
	Placement    string          `json:"placement"`
	Experts      int             `json:"experts"` // routed, of one layer
	TopK         int             `json:"top_k"`
	Layers       int             `json:"layers"` // of a stage, with experts, draft layer included
	Ranks        int             `json:"ranks"`
	Domains      int             `json:"domains"` // scale-up domains that the group spans
	SlotsPerRank int             `json:"slots_per_rank"`
	Redundant    int             `json:"redundant_slots"` // replicas, over the group
	Loads        []ExpertLoad    `json:"loads"`
	Exchange     string          `json:"exchange"` // all-to-all | gather | none: how tokens reach experts
	Traffic      *ExpertTraffic  `json:"traffic,omitempty"`
	Memory       ExpertMemory    `json:"memory"`
	Rebalance    ExpertRebalance `json:"rebalance"`
	RankLoad     []float64       `json:"rank_load"` // of each rank over the mean, in the first sampled layer
}

// ExpertLoad is one layer in a step of so many tokens.
type ExpertLoad struct {
	Tokens      float64 `json:"tokens"`       // of the group
	Distinct    float64 `json:"distinct"`     // experts whose weights the mean rank reads
	DistinctMax float64 `json:"distinct_max"` // the rank that reads most
	Straggler   float64 `json:"straggler"`    // tokens of the most loaded rank over the mean
}

// ExpertTraffic is where the copies of a token go, and the bytes in one layer.
type ExpertTraffic struct {
	RanksPerToken   float64        `json:"ranks_per_token"`
	DomainsPerToken float64        `json:"remote_domains_per_token"`
	LocalShare      float64        `json:"local_share"` // of choices served in the token's own domain
	BusiestDomain   float64        `json:"busiest_domain"`
	Deduplicate     bool           `json:"deduplicate"` // the engine sends one copy per remote domain
	Dispatch        ExpertTransfer `json:"dispatch"`
	Combine         ExpertTransfer `json:"combine"`
}

// ExpertTransfer is what a token sends one way in one layer, in bytes: a copy
// per choice, or one copy per remote domain that is forwarded there.
type ExpertTransfer struct {
	Inside      float64 `json:"inside_bytes"`
	Across      float64 `json:"across_bytes"`
	InsideDedup float64 `json:"inside_dedup_bytes"`
	AcrossDedup float64 `json:"across_dedup_bytes"`
}

// ExpertMemory is what routed experts take of one accelerator, in bytes.
type ExpertMemory struct {
	Bytes     float64 `json:"bytes"`
	Redundant float64 `json:"redundant_bytes"` // of these, for replicas and padding
}

// ExpertRebalance is one renewal of a placement, over all layers.
type ExpertRebalance struct {
	MovedShare float64 `json:"moved_share"` // of slots
	Slots      float64 `json:"slots"`
	Bytes      float64 `json:"bytes"`
	Seconds    float64 `json:"seconds"` // if every rank receives its part at once
}
