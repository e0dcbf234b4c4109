package metrics

// Comparison is why one scenario holds more agents than another. Its JSON keys
// are a contract with other people's scripts: keys are added, never renamed.
type Comparison struct {
	Name      string `json:"name,omitempty"`
	Question  string `json:"question,omitempty"`
	A         string `json:"a"`
	B         string `json:"b"`
	Metric    string `json:"metric"`       // key of what is compared, such as accelerator_measured
	Counted   string `json:"counted"`      // the same in words
	Evaluated string `json:"evaluated_by"` // analytic | simulator

	Ratio    float64 `json:"ratio"`     // a over b, both as their scenarios stand
	LogRatio float64 `json:"log_ratio"` // its natural logarithm, the sum of the factors' log_share

	// RatioInterval is where the ratio per megawatt of accelerator power lies by
	// the errors of the model; null where one side has no interval.
	RatioInterval *Quantiles `json:"ratio_interval"`

	Ends         Ends          `json:"ends"`
	Factors      []FactorShare `json:"factors"`      // largest first
	Interactions []Interaction `json:"interactions"` // largest first
	Residual     *Residual     `json:"residual"`     // null where nothing was published

	Unchanged   []string         `json:"unchanged"`   // declared factors in which the two do not differ
	Labels      []FieldChange    `json:"labels"`      // differing names, which change nothing
	Deployments []DeploymentUsed `json:"deployments"` // of all corners, the most used first
	Corners     Corners          `json:"corners"`
	Checked     *Checked         `json:"checked,omitempty"` // the two ends, where mean flows evaluated all corners

	Seed    uint64  `json:"seed"`
	Version string  `json:"version"`
	WallS   float64 `json:"wall_s"`
}

// Ends are the two scenarios.
type Ends struct {
	A End `json:"a"`
	B End `json:"b"`
}

// End is one scenario as it stands, and with the best deployment found for it.
type End struct {
	Value          float64 `json:"value"` // of the metric
	Agents         int     `json:"agents"`
	Accelerators   int     `json:"accelerators"`
	PerAccelerator float64 `json:"agents_per_accelerator"`
	PerMW          PerMW   `json:"agents_per_mw"`
	AcceleratorW   float64 `json:"accelerator_w"` // one of them, mean
	Deployment     string  `json:"deployment"`
	Limit          string  `json:"limit"`

	ModelInterval *ModelInterval `json:"model_interval,omitempty"`

	Best           float64 `json:"best_value"`
	BestDeployment string  `json:"best_deployment"`
	BestLimit      string  `json:"best_limit"`
}

// The kinds of a factor.
const (
	DeclaredFactor   = "declared"
	OtherFactor      = "other"      // differing fields that no declared factor holds
	DeploymentFactor = "deployment" // the given deployments against the best
)

// FactorShare is one factor's part in the ratio.
type FactorShare struct {
	Name       string  `json:"name"`
	Kind       string  `json:"kind"`
	Explains   string  `json:"explains,omitempty"`
	Multiplier float64 `json:"multiplier"`
	LogShare   float64 `json:"log_share"` // natural logarithm of the multiplier
	Share      float64 `json:"share"`     // of the logarithm of the ratio
	// Low and High bound the multiplier: that of the factor alone added to b,
	// and that of the factor alone taken from a.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	OnB  float64 `json:"added_to_b"`
	OffA float64 `json:"taken_from_a"`

	StandardError float64       `json:"standard_error,omitempty"` // of log_share, where permutations were sampled
	Feasibility   []Feasibility `json:"feasibility,omitempty"`
	Paths         []FieldChange `json:"paths"`
}

// Feasibility is a deployment that works with a factor and not without it.
type Feasibility struct {
	Deployment string `json:"deployment"`
	Of         string `json:"of"`      // a | b: whose deployment it is
	Corners    int    `json:"corners"` // at which the factor decides
	All        int    `json:"all"`     // corners without the factor
	Reason     string `json:"reason"`  // at the first of them
}

// FieldChange is a field and its values in both scenarios.
type FieldChange struct {
	Path string `json:"path"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// Interaction is what two factors add to b together beyond what each adds alone.
type Interaction struct {
	Factors    [2]string `json:"factors"`
	Multiplier float64   `json:"multiplier"`
	Log        float64   `json:"log"`
}

// Residual is what the prediction leaves to the published ratio. It belongs to
// no factor.
type Residual struct {
	Published  float64 `json:"published"`
	Predicted  float64 `json:"predicted"`
	Multiplier float64 `json:"multiplier"` // published over predicted

	A      Against `json:"a"`
	B      Against `json:"b"`
	Source string  `json:"source"`
}

// Against is a predicted value beside a published one.
type Against struct {
	Published  float64 `json:"published"`
	Predicted  float64 `json:"predicted"`
	Multiplier float64 `json:"multiplier"`
}

// DeploymentUsed is a deployment that was best somewhere.
type DeploymentUsed struct {
	Deployment      string `json:"deployment"`
	Mode            string `json:"mode"`
	Accelerators    int    `json:"accelerators"`
	TokenBudget     int    `json:"token_budget"`
	MaxBatchPerRank int    `json:"max_batch_per_rank"`
	DraftTokens     int    `json:"draft_tokens"`
	Corners         int    `json:"corners"`
}

// Corners says what was evaluated.
type Corners struct {
	Count        int          `json:"count"`       // subsets of the factors
	Deployments  int          `json:"deployments"` // tried at each
	Trials       int          `json:"trials"`      // different deployments at different corners, all told
	Simulated    int          `json:"simulated,omitempty"`
	Permutations int          `json:"permutations,omitempty"`
	Wider        int          `json:"wider"`      // corners that needed workers wider than those of any of them
	Infeasible   []Infeasible `json:"infeasible"` // corners at which nothing works at all
}

// Infeasible is a corner at which no deployment works. It counts as the best
// corner that leaves one of its factors at b's level.
type Infeasible struct {
	FromA  []string `json:"from_a"` // factors at a's level
	Reason string   `json:"reason"`
}
