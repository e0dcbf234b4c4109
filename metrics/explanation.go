package metrics

// Explanation says where the time and energy of typical steps and the memory
// of an accelerator go.
type Explanation struct {
	Scenario string        `json:"scenario"`
	Workload Typical       `json:"workload"`
	Steps    []StepAccount `json:"steps"`
	Memory   []Pool        `json:"memory"`
	Basis    []Basis       `json:"basis"`
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
}

// Basis counts the numbers of a scenario by what they rest on.
type Basis struct {
	Basis   string `json:"basis"`
	Numbers int    `json:"numbers"`
}
