package validate

import (
	"encoding/json"
	"fmt"
	"maps"

	"agentsim/configs"
)

// ReadResult reads what an earlier validation found. Name is shown in errors.
func ReadResult(text []byte, name string) (*Result, error) {
	r := &Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w: want what validate -o json writes", name, err)
	}
	if len(r.Cases) == 0 {
		return nil, fmt.Errorf("%s: no cases: want what validate -o json writes", name)
	}
	return r, nil
}

// Join puts results together and gives every case the interval of its stack; of
// nil accuracy, none. What is said of a metric without factors stays with the
// one result that was given alone.
func Join(results []*Result, a *configs.Accuracy) *Result {
	all := &Result{Cases: []Comparison{}, Skipped: []Skipped{}, Unfitted: map[string]Errors{}}
	for _, r := range results {
		all.Cases = append(all.Cases, r.Cases...)
		all.Skipped = append(all.Skipped, r.Skipped...)
		all.Factors = append(all.Factors, r.Factors...)
		all.Simulated += r.Simulated
		all.Rows += r.Rows
		if len(results) == 1 {
			maps.Copy(all.Unfitted, r.Unfitted)
		}
	}
	all.sum()
	all.bound(a)
	return all
}

// sum fills in the summaries of the cases.
func (r *Result) sum() {
	r.Summary = summarise(r.Cases, func(c *Comparison) bool { return !c.MTP })
	r.MTP = summarise(r.Cases, func(c *Comparison) bool { return c.MTP })
	r.Bands = bands(r.Cases)
	r.Groups = groups(r.Cases)
}
