package configs

import (
	"bytes"
	"fmt"

	"agentsim/configs/tree"
	"agentsim/models/moe"
)

// popularityFile is where a scenario names a count of how often each expert is
// chosen.
const popularityFile = "deployment.experts.popularity.file"

// Attach reads the histogram of expert popularity that a scenario names. Tables
// of experts go by the histogram itself, so that equal ones must be one.
func (s *Scenario) Attach(a *tree.Attachment) error {
	popularity := &s.Deployment.Experts.Popularity
	if popularity.File == "" || s.Model.Experts == nil {
		return nil
	}
	file, experts := a.Beside(popularityFile, popularity.File), s.Model.Experts.Routed
	counts, err := tree.Keep(a, fmt.Sprint(experts, " ", file), func() (*moe.Histogram, error) {
		content, err := a.Open(file)
		if err != nil {
			return nil, err
		}
		return moe.ReadHistogram(bytes.NewReader(content), experts)
	})
	if err != nil {
		return a.Fault(popularityFile, popularity.File, err)
	}
	popularity.Histogram = counts
	return nil
}
