package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"agentsim/configs"
	"agentsim/metrics"
)

// Manifest says where the results in a folder come from.
type Manifest struct {
	// Inputs are those of the scenario that the points vary, the study's own
	// overrides in it.
	Inputs *metrics.Inputs `json:"inputs,omitempty"`

	Study    string   `json:"study"`
	Question string   `json:"question,omitempty"`
	Hash     string   `json:"study_hash"`
	Scenario string   `json:"scenario"`
	Evaluate string   `json:"evaluate"`
	Version  string   `json:"version"`
	Build    string   `json:"build"` // identifies the program that made the points
	Axes     []string `json:"axes"`
	Seeds    []uint64 `json:"seeds"`

	Thresholds []string `json:"thresholds,omitempty"`
	Outputs    []string `json:"outputs"`

	Points     int `json:"points"` // of the study
	ShardIndex int `json:"shard_index"`
	ShardCount int `json:"shard_count"`
	Done       int `json:"done"` // rows in the folder, those below included
	Infeasible int `json:"infeasible"`
	Failed     int `json:"failed"`

	Host    string    `json:"host"`
	Started time.Time `json:"started"` // of the first run on this folder
	Ended   time.Time `json:"ended"`   // of the last
	Runs    int       `json:"runs"`    // that it took
}

// Complete reports whether nothing is left to do.
func (m *Manifest) Complete() bool {
	due := 0
	for point := range m.Points {
		if point%max(1, m.ShardCount) == m.ShardIndex {
			due++
		}
	}
	return m.Done == due
}

// The files of a folder.
const (
	manifestFile = "manifest.json"
	parquetFile  = "results.parquet"
	jsonlFile    = "results.jsonl"
	csvFile      = "results.csv"
)

// ReadManifest reads the manifest of a folder; nil where there is none.
func ReadManifest(dir string) (*Manifest, error) {
	content, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(content, m); err != nil {
		return nil, &configs.Error{Path: filepath.Join(dir, manifestFile),
			Problem: "is no manifest of a study: " + err.Error()}
	}
	return m, nil
}

// Check refuses a folder that holds results of another study or program.
func (m *Manifest) Check(dir string, want *Manifest) error {
	problem := ""
	switch {
	case m.Hash != want.Hash:
		problem = fmt.Sprintf("holds results of another study, %s (%.12s), not of %s (%.12s)", m.Study, m.Hash, want.Study,
			want.Hash)
	case m.Build != want.Build:
		problem = fmt.Sprintf("holds results of another version of the program, %s (%.12s), this is %s (%.12s)", m.Version,
			m.Build, want.Version, want.Build)
	case m.ShardIndex != want.ShardIndex || m.ShardCount != want.ShardCount:
		problem = fmt.Sprintf("holds shard %d of %d, not %d of %d", m.ShardIndex, m.ShardCount, want.ShardIndex,
			want.ShardCount)
	default:
		return nil
	}
	return &configs.Error{Path: dir, Problem: problem + ": want another --out"}
}
