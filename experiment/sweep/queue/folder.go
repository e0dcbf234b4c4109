package queue

import (
	"fmt"
	"os"
	"path/filepath"

	"agentsim/experiment/sweep/results"
)

// The parts of a results folder that a run uses while it lasts.
const (
	queueFolder = "queue"
	lockFile    = ".lock"
)

// openFolder makes the folder of the results ready: it is ours alone, can be
// written, has room, and holds nothing of another study.
func (o *Options) openFolder() (*results.Manifest, func(), error) {
	if err := os.MkdirAll(o.Dir, folderMode); err != nil {
		return nil, nil, fmt.Errorf("the folder of the results cannot be made: %w: choose another --out", err)
	}
	unlock, err := lock(filepath.Join(o.Dir, lockFile))
	if err != nil {
		return nil, nil, fmt.Errorf("the folder of the results: %w", err)
	}
	m, err := o.continued()
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return m, unlock, nil
}

func (o *Options) continued() (*results.Manifest, error) {
	s := o.Plan.Study
	m := &results.Manifest{
		Inputs:     o.Inputs,
		Study:      s.Name,
		Question:   s.Question,
		Hash:       o.Plan.Hash,
		Scenario:   s.Scenario,
		Evaluate:   s.EvaluatedBy(),
		Version:    o.Version,
		Build:      o.Build,
		Axes:       o.Plan.Axes(),
		Seeds:      o.Plan.Seeds(),
		Thresholds: s.Thresholds,
		Outputs:    s.Written(),
		Points:     o.Plan.Len(),
		ShardIndex: o.ShardIndex,
		ShardCount: max(1, o.ShardCount),
		Host:       o.Host,
		Started:    o.Clock().UTC(),
	}
	before, err := results.ReadManifest(o.Dir)
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := before.Check(o.Dir, m); err != nil {
			return nil, err
		}
		if before.Complete() && !before.Ended.IsZero() {
			before.Thresholds, before.Outputs = m.Thresholds, m.Outputs // of what is there one may ask anew
			return before, nil
		}
		m.Started, m.Runs = before.Started, before.Runs
	}
	if err := o.room(); err != nil {
		return nil, err
	}
	m.Runs++
	if err := results.WriteManifest(o.Dir, m); err != nil {
		return nil, fmt.Errorf("the folder of the results cannot be written: %w: choose another --out", err)
	}
	return m, nil
}

// room refuses to begin what the disk cannot hold to the end.
func (o *Options) room() error {
	free, ok := freeBytes(o.Dir)
	if !ok {
		return nil
	}
	const (
		perPoint = 16 << 10 // bytes of a point, in the queue and in the files
		least    = 64 << 20 // bytes that a queue needs to live
	)
	need := uint64(least + perPoint*len(o.due()))
	if free < need {
		return fmt.Errorf("%s: %d MB are free, but %d points need up to %d MB: make room, or choose another --out", o.Dir,
			free>>20, len(o.due()), need>>20)
	}
	return nil
}
