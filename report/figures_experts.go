package report

import (
	"fmt"

	"agentsim/metrics"
)

// ExpertFigures draws the load of each rank of each pool and returns the
// files.
func ExpertFigures(e *metrics.ExpertsExplanation, dir string) ([]string, error) {
	var files []string
	for i := range e.Pools {
		p := &e.Pools[i]
		drawn, err := Bars{Title: fmt.Sprintf("%s: load per rank of one layer, %s placement", p.Pool, p.Placement),
			X: "rank", Y: "tokens over the mean rank's", Heights: p.RankLoad}.Draw(dir, "experts-"+p.Pool)
		if err != nil {
			return files, err
		}
		files = append(files, drawn...)
	}
	return files, nil
}
