package configs

import (
	"bytes"
	"fmt"

	"agentsim/models/moe"
)

// attacher is a configuration that names files beside presets, which are read
// when it is loaded.
type attacher interface {
	attach(p *Provenance, source Source, known *memo) error
}

// popularityFile is where a scenario names a count of how often each expert is
// chosen.
const popularityFile = "deployment.experts.popularity.file"

// attach reads the histogram of expert popularity that a scenario names.
func (s *Scenario) attach(p *Provenance, source Source, known *memo) error {
	popularity := &s.Deployment.Experts.Popularity
	if popularity.File == "" || s.Model.Experts == nil {
		return nil
	}
	at := p.At(popularityFile)
	file, experts := beside(at.File, popularity.File), s.Model.Experts.Routed
	counts, err := known.histogram(fmt.Sprint(experts, " ", file), func() (*moe.Histogram, error) {
		content, err := source.open(file)
		if err != nil {
			return nil, err
		}
		return moe.ReadHistogram(bytes.NewReader(content), experts)
	})
	if err != nil {
		return &Error{At: at, Path: popularityFile, Value: quotedIfOdd(popularity.File), Problem: err.Error(), cause: err}
	}
	popularity.Histogram = counts
	return nil
}

// histogram returns the counts of a key, reading them if they are not known.
// Tables of experts go by the histogram itself, so that equal ones must be one.
func (m *memo) histogram(key string, read func() (*moe.Histogram, error)) (*moe.Histogram, error) {
	if m == nil {
		return read()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.histograms[key]; known != nil {
		return known, nil
	}
	counts, err := read()
	if err != nil {
		return nil, err
	}
	if m.histograms == nil {
		m.histograms = map[string]*moe.Histogram{}
	}
	m.histograms[key] = counts
	return counts, nil
}
