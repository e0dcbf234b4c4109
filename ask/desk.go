package ask

import (
	"time"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/scenarios"
)

// Desk answers questions. The zero value answers all that needs nothing but
// what comes with the program.
type Desk struct {
	Version string           // of the program, for results
	Clock   func() time.Time // for wall_s; nil = 0

	// Accuracy is how far predictions are off; nil = as shipped.
	Accuracy *configs.Accuracy

	// Allow says whether a file that a question names may be read; nil = none.
	Allow func(path string) error
}

// Progress is told how far an answer is. It may be called from several goroutines.
type Progress func(Step)

// Step is how far an answer is: of a search the number of agents that was
// tried, of other work how much of it is done.
type Step struct {
	Stage  string `json:"stage" doc:"what is being done"`
	Done   int    `json:"done,omitempty" doc:"how much of it"`
	All    int    `json:"all,omitempty" doc:"of how much; 0 = not known"`
	Agents int    `json:"agents,omitempty" doc:"number of agents that was tried"`
	Pass   bool   `json:"pass,omitempty" doc:"they meet the service level"`
	Low    int    `json:"low,omitempty" doc:"the answer is at least so many"`
	High   int    `json:"high,omitempty" doc:"and below so many; 0 = not known"`
}

// tell reports a step where somebody listens.
func (p Progress) tell(s Step) {
	if p != nil {
		p(s)
	}
}

// options are those of an experiment.
func (d *Desk) options(progress Progress) experiment.Options {
	o := experiment.Options{Version: d.Version, Clock: d.Clock, Accuracy: d.Accuracy}
	if progress != nil {
		tried := 0
		o.Progress = func(agents int, pass bool, low, high int) {
			tried++
			progress(Step{
				Stage:  "search",
				Done:   tried,
				Agents: agents,
				Pass:   pass,
				Low:    low,
				High:   high,
			})
		}
	}
	return o
}

// accuracy is how far predictions are off.
func (d *Desk) accuracy() (*configs.Accuracy, error) {
	if d.Accuracy != nil {
		return d.Accuracy, nil
	}
	return configs.PublicAccuracy()
}

// source is where scenarios come from.
func (d *Desk) source(name string) configs.Source {
	s := configs.Source{Name: name, FS: scenarios.FS}
	if d.Allow != nil {
		s.ReadFile = func(path string) ([]byte, error) {
			if err := d.Allow(path); err != nil {
				return nil, err
			}
			return configs.ReadFile(path)
		}
	}
	return s
}
