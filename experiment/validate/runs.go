package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/serve"
)

// Where lists where the runs of tables lie: their workers, on what, at what
// batch. Cases that cannot be expressed are left out, as in a validation. How
// errors spread with distance is found from results of these tables; without any
// it is kept as it was.
func Where(cases []Case, results []*Result, before *configs.Runs, date string) (*configs.Runs, error) {
	r := &configs.Runs{Name: "public", Date: date, Spread: before.Spread,
		Sources: hardware.Sources{"spread": before.Sources["spread"]}}
	if len(results) > 0 {
		spread, source, err := Distance(cases, results)
		if err != nil {
			return nil, err
		}
		r.Spread, r.Sources["spread"] = spread, *source
	}
	systems := accelerators{}
	runs := 0
	for i := range cases {
		c := &cases[i]
		if c.Gap != "" {
			continue
		}
		system, err := load(systems, "systems", c.System)
		if err != nil {
			continue
		}
		runs++
		w := configs.RunWorker{Engine: c.Engine, Model: configs.ModelFamily(c.Model), Accelerator: system.Accelerator.Name}
		if c.Mode == disaggregated {
			w.Role = serve.PrefillPool
			count(r, w, c.Prefill, 0)
		}
		w.Role = c.Mode
		if c.Mode == disaggregated {
			w.Role = serve.DecodePool
		}
		count(r, w, c.Decode, c.Concurrency)
	}
	if runs == 0 {
		return nil, fmt.Errorf("no run of the tables can be expressed")
	}
	slices.SortFunc(r.Workers, func(a, b configs.RunWorker) int {
		return cmp.Or(strings.Compare(a.Engine, b.Engine), strings.Compare(a.Model, b.Model),
			strings.Compare(a.Accelerator, b.Accelerator), strings.Compare(a.Role, b.Role), a.Accelerators-b.Accelerators,
			strings.Compare(a.Spread, b.Spread))
	})
	r.Sources["workers"] = hardware.Source{
		Basis:  publishedBasis,
		Source: fmt.Sprintf("configurations alone of %d public runs; agentsim validate --runs", runs),
		Points: runs,
	}
	return r, nil
}

// requestsARank is how many of so many requests a rank of a pool has on average.
func requestsARank(p Pool, requests int) int {
	return max(1, requests/max(1, p.Workers*pool(p).Normalised().Ranks()))
}

// count counts a run's pool of workers, which so many requests share.
func count(r *configs.Runs, w configs.RunWorker, p Pool, requests int) {
	shape := pool(p).Normalised()
	w.Spread, w.Accelerators, w.Runs = shape.Spread(), shape.Accelerators, 1
	if requests > 0 {
		each := requestsARank(p, requests)
		w.Batch = []int{each, each}
	}
	for i := range r.Workers {
		known := &r.Workers[i]
		if known.Engine == w.Engine && known.Model == w.Model && known.Accelerator == w.Accelerator &&
			known.Role == w.Role && known.Spread == w.Spread && known.Accelerators == w.Accelerators {
			known.Runs++
			if requests > 0 {
				known.Batch = []int{min(known.Batch[0], w.Batch[0]), max(known.Batch[1], w.Batch[1])}
			}
			return
		}
	}
	r.Workers = append(r.Workers, w)
}

// RunsYAML writes the table as a preset.
func RunsYAML(r *configs.Runs) []byte {
	var b strings.Builder
	b.WriteString("# Where the public runs lie that predictions were held against: workers, on what, at what\n" +
		"# batch of a rank (requests in flight, fewest and most). Their figures are not here. Written, with\n" +
		"# how errors spread with distance, by agentsim validate TABLE.csv… RESULTS.json… --runs FILE, where RESULTS\n" +
		"# are what validate -o json says of TABLE; run it again rather than change it.\n")
	x := &r.Spread
	fmt.Fprintf(&b, "name: %s\ndate: %q\nspread: {batch: %g, width: %g, kind: %g}\nworkers:\n", r.Name, r.Date,
		x.Batch, x.Width, x.Kind)
	for i := range r.Workers {
		w := &r.Workers[i]
		fmt.Fprintf(&b, "  - {engine: %s, model: %s, accelerator: %s, role: %s, spread: %s, accelerators: %d, ", w.Engine,
			w.Model, w.Accelerator, w.Role, w.Spread, w.Accelerators)
		if len(w.Batch) > 0 {
			fmt.Fprintf(&b, "batch: [%d, %d], ", w.Batch[0], w.Batch[1])
		}
		fmt.Fprintf(&b, "runs: %d}\n", w.Runs)
	}
	b.WriteString("sources:\n")
	for _, of := range []string{"spread", "workers"} {
		s := r.Sources[of]
		fmt.Fprintf(&b, "  %s: {basis: %s, source: %q, points: %d}\n", of, s.Basis, s.Source, s.Points)
	}
	return []byte(b.String())
}
