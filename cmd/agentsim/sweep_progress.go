package main

import (
	"fmt"
	"strings"
	"time"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/queue"
	"agentsim/report"
)

// The pauses between reports of progress.
const (
	terminalEvery = 500 * time.Millisecond
	lineEvery     = 10 * time.Second
)

// reportEvery is how often progress is reported: a terminal shows one line
// that changes, a file gets a line now and then.
func (a studyCommands) reportEvery() time.Duration {
	if a.terminal(stderrFD) {
		return terminalEvery
	}
	return lineEvery
}

// sweepProgress shows how far a study is on stderr; nil with --quiet.
func (a studyCommands) sweepProgress(p *sweep.Plan) func(queue.Progress) {
	if a.settings.GetBool("quiet") {
		return nil
	}
	return func(now queue.Progress) {
		line := progressLine(&now)
		if now.Best != nil {
			line += fmt.Sprintf(", best %s at point %d", report.Significant(now.BestScore), now.Best.Point)
		}
		if now.Stopping {
			line = fmt.Sprintf("stopping: %d running points are finished first; interrupt again to lose them\n", now.Running)
		}
		if a.terminal(stderrFD) {
			const eraseLine, cutLong, wrapAgain = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"
			fmt.Fprint(a.stderr, eraseLine+cutLong+line+wrapAgain)
			return
		}
		fmt.Fprintf(a.stderr, "%s: %s\n", p.Study.Name, strings.TrimSpace(line))
	}
}

func progressLine(p *queue.Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s points done", report.Count(float64(p.Done)), report.Count(float64(p.Total)))
	if p.Infeasible > 0 {
		fmt.Fprintf(&b, ", %s infeasible", report.Count(float64(p.Infeasible)))
	}
	if p.Failed > 0 {
		fmt.Fprintf(&b, ", %s failed", report.Count(float64(p.Failed)))
	}
	switch {
	case p.Done == p.Total:
	case !p.Connected:
		b.WriteString(", the NATS server cannot be reached at the moment")
	case p.Running == 0 && p.Workers == 0:
		b.WriteString(", no worker of this build is there")
	default:
		fmt.Fprintf(&b, ", %d running", p.Running)
	}
	const perMinute, slow = 60, 0.5 // a second
	switch {
	case p.PerSecond >= slow:
		fmt.Fprintf(&b, ", %s a second", report.Significant(p.PerSecond))
	case p.PerSecond > 0:
		fmt.Fprintf(&b, ", %s a minute", report.Significant(p.PerSecond*perMinute))
	}
	if p.Left > 0 {
		fmt.Fprintf(&b, ", %v left", p.Left.Round(time.Second))
	}
	return b.String()
}
