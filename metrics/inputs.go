package metrics

// Inputs says what a result is about, so that a saved one can be read without
// the command that made it. Its JSON stands under the key inputs at the top of
// every result. What a command does not have, a result of traces say a system,
// is left out.
type Inputs struct {
	Scenario      string    `json:"scenario,omitempty"`
	System        string    `json:"system,omitempty"`
	Accelerator   string    `json:"accelerator,omitempty"`
	Model         string    `json:"model,omitempty"`
	Engine        string    `json:"engine,omitempty"`
	EngineVersion string    `json:"engine_version,omitempty"`
	Kernels       string    `json:"kernels,omitempty"`
	Deployment    *Deployed `json:"deployment,omitempty"`
	Workload      string    `json:"workload,omitempty"`
	Level         string    `json:"level,omitempty"` // the service level: its name, if any, and what it asks for
	Protocol      string    `json:"protocol,omitempty"`
	Seed          uint64    `json:"seed,omitempty"`

	Overrides []string `json:"overrides"`          // path=value, in their order
	Defaults  []string `json:"defaults,omitempty"` // path=value of what the scenario left to the program
	Files     []Digest `json:"files"`              // what was read besides what comes with the program
	Version   string   `json:"version"`            // of the program

	Scenarios []Inputs `json:"scenarios,omitempty"` // where a result is about several, in the order of the result
}

// Deployed is a deployment in words and as it would stand in a scenario.
type Deployed struct {
	Words string `json:"words"` // "1×8 tp8 ep8"
	YAML  string `json:"yaml"`
}

// Digest identifies a file by its content.
type Digest struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"` // in hexadecimal
}
