package ask

import (
	"context"
	"errors"
	"fmt"

	"agentsim/experiment"
	"agentsim/experiment/uncertainty"
	"agentsim/metrics"
)

// RunQuestion asks for one simulation without a search.
type RunQuestion struct {
	Question
	Agents int `json:"agents,omitempty" minimum:"0" maximum:"1048576" doc:"alive at once; none where a trace tells times"`
	// Playback is how many simulated seconds of the run are recorded to be watched.
	Playback     float64 `json:"playback_s,omitempty" minimum:"0" maximum:"3600" doc:"seconds to record; 0 = none"`
	PlaybackFrom float64 `json:"playback_from_s,omitempty" minimum:"0" maximum:"86400" doc:"when the recording begins"`
}

// Run simulates a fixed number of agents, or the arrivals of a trace.
func (d *Desk) Run(ctx context.Context, q *RunQuestion, progress Progress) (*Answer, error) {
	s, p, err := d.load(&q.Question)
	if err != nil {
		return nil, err
	}
	if err := Chosen(ctx, s, d.Accuracy); err != nil {
		return nil, err
	}
	byTime := s.Workload.ByTime()
	switch {
	case q.Agents < 0:
		return nil, fmt.Errorf("agents: %d; want 1 or more", q.Agents)
	case q.Agents == 0 && !byTime:
		return nil, errors.New("agents: missing; want a number of agents, or workload.arrivals by a trace's times")
	}
	known, err := d.accuracy()
	if err != nil {
		return nil, err
	}
	o := d.options(nil)
	var recorder *recorder
	if q.Playback > 0 {
		recorder = newRecorder(s, q.Agents, q.PlaybackFrom, q.PlaybackFrom+q.Playback)
		o.Observer = recorder
	}
	progress.tell(Step{Stage: "run", Agents: q.Agents})
	simulate := func() (*metrics.Result, error) { return experiment.Run(ctx, s, q.Agents, o) }
	if byTime && q.Agents == 0 {
		simulate = func() (*metrics.Result, error) { return experiment.Replay(ctx, s, o) }
	}
	r, err := simulate()
	if err != nil {
		return nil, err
	}
	r.FigureIntervals = uncertainty.Figures(s, r, known)
	a := &Answer{Inputs: d.inputs(s, p, q.Set), Result: r}
	if recorder != nil {
		a.Playback = recorder.playback()
	}
	return a, nil
}
