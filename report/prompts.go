package report

import "agentsim/metrics"

// PromptLines is the figure of where the tokens of prompts came from over
// simulated time: what was found, and on top of it what was lost, cause by cause.
func PromptLines(title string, series []metrics.PromptSample) Lines {
	curves := []Line{{Name: "found"}, {Name: "and never seen"}, {Name: "and changed"}, {Name: "and evicted"},
		{Name: "and without checkpoint"}, {Name: "and on another worker"}, {Name: "and not kept"}}
	var seconds []float64
	for _, s := range series {
		if s.InputTokens == 0 {
			continue // no call ended then
		}
		const middle = 2
		seconds = append(seconds, (s.FromS+s.ToS)/middle)
		sum, l := 0.0, &s.Lost
		shares := []float64{s.HitRate, l.NeverSeen, l.PromptChanged, l.Evicted, l.NoCheckpoint, l.OtherWorker, l.NotKept}
		for i, share := range shares {
			sum += share
			curves[i].Y = append(curves[i].Y, 100*sum)
		}
	}
	for i := range curves {
		curves[i].X = seconds
	}
	return Lines{Title: title, X: "simulated time, s", Y: "% of prompt tokens", Lines: curves}
}
