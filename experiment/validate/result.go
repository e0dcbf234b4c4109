package validate

// Result is what a validation found. Its JSON keys are a contract with other
// people's scripts: keys are added, never renamed.
type Result struct {
	Cases   []Comparison      `json:"cases"`
	Summary map[string]Errors `json:"summary"`         // by metric, cases without speculative decoding
	MTP     map[string]Errors `json:"mtp"`             // by metric, cases with speculative decoding
	Bands   map[string]Errors `json:"bands,omitempty"` // by metric, how far cases whose drafts are unknown lie outside
	Groups  []Group           `json:"groups"`
	Factors []Factor          `json:"factors"`
	Skipped []Skipped         `json:"skipped"`

	// Unfitted is Summary with every efficiency at 1, where both were asked for.
	Unfitted map[string]Errors `json:"unfitted,omitempty"`

	Coverage map[string]Coverage `json:"coverage,omitempty"` // by metric, all cases
	Folds    []Fold              `json:"folds,omitempty"`    // leave-one-stack-out, where asked for
	LeftOut  []LeftOut           `json:"left_out,omitempty"` // likewise

	Simulated int `json:"simulated"` // cases
	Rows      int `json:"rows"`      // cases in the table
}

// Comparison is one metric of one case.
type Comparison struct {
	ID        string  `json:"id"`
	Metric    string  `json:"metric"`
	Measured  float64 `json:"measured"`
	Predicted float64 `json:"predicted"`
	Error     float64 `json:"error"` // predicted/measured - 1; of a share the difference

	P10    *float64 `json:"p10,omitempty"` // of what will be measured, by the errors of the stack
	P90    *float64 `json:"p90,omitempty"`
	Inside *bool    `json:"inside,omitempty"` // the measured value lies between them

	// Band is what comes out over all that the model's drafts may be accepted,
	// where the table does not say how much was; Outside is how far the measured
	// value lies outside of it, 0 = inside.
	Band    *[2]float64 `json:"band,omitempty"`
	Outside *float64    `json:"band_error,omitempty"`

	Date string `json:"date,omitempty"`
	Load string `json:"load"` // fixed | agents

	MTP    bool   `json:"mtp"`
	Engine string `json:"engine"`
	System string `json:"system"`
	Mode   string `json:"mode"`
	Model  string `json:"model"`
}

// Errors sums up the errors of a metric.
type Errors struct {
	N         int     `json:"n"`
	MAPE      float64 `json:"mape"`       // mean of |error|
	MedianAPE float64 `json:"median_ape"` // median of |error|
	Bias      float64 `json:"bias"`       // mean of error
}

// Group is the summary of the cases that share a property.
type Group struct {
	By      string            `json:"by"`    // system | engine | mode | model
	Value   string            `json:"value"` // e.g. h200
	MTP     bool              `json:"mtp"`
	Summary map[string]Errors `json:"summary"`
}

// Skipped is a case that was not simulated.
type Skipped struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// Coverage is how often measured values lay inside their intervals, and how wide
// these are.
type Coverage struct {
	N      int     `json:"n"`
	Inside float64 `json:"inside"` // share
	Width  float64 `json:"width"`  // median of P90 over P10; of a share the difference
}

// LeftOut is how often the figures of a metric lie between the P10 and P90 that
// runs other than their own give, and how wide these are.
type LeftOut struct {
	Load   string   `json:"load"` // fixed | draft | agents
	Metric string   `json:"metric"`
	Stack  Coverage `json:"stack"`  // none of whose runs were known
	Run    Coverage `json:"run"`    // of stacks that have others
	Widest float64  `json:"widest"` // of the latter where their stack has five others: the widest P90 over P10
}

// Fold is the errors of a stack as they look without its own runs.
type Fold struct {
	Quantity string  `json:"quantity"`
	Stack    string  `json:"stack"`
	N        int     `json:"n"`
	Before   float64 `json:"median_error"`         // median of |error|, as predicted
	After    float64 `json:"median_error_centred"` // after taking off the centre that other stacks give
	Centre   float64 `json:"centre"`               // that they give, a logarithm
	Spread   float64 `json:"spread"`               // half of P10 to P90
	Inside   float64 `json:"inside"`               // share of the runs
}
