package configs

import (
	"bytes"
	"fmt"

	"agentsim/configs/tree"
	"agentsim/models/hardware"
	"agentsim/models/moe"
)

// popularityFile is where a scenario names a count of how often each expert is
// chosen.
const popularityFile = "deployment.experts.popularity.file"

// Attach reads what a scenario names besides its own fields.
func (s *Scenario) Attach(a *tree.Attachment) error {
	var err error
	s.Kernels.Holds, err = tree.Named[hardware.Accelerator](a, "accelerators", "kernels.accelerator", "system.accelerator")
	if err != nil {
		return err
	}
	s.Kernels = s.Kernels.AsOf(s.Engine.Version)
	return s.attachPopularity(a)
}

// attachPopularity reads a histogram of expert popularity. Tables of experts go
// by the histogram itself, so that equal ones must be one.
func (s *Scenario) attachPopularity(a *tree.Attachment) error {
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
