package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"agentsim/configs"
	"agentsim/metrics"
)

// Source is where a study comes from.
type Source struct {
	Study     configs.Source // its ReadFile opens the scenario and its presets too, where they are files
	Scenarios fs.FS          // holds the scenarios that go by name
	// Open opens the traces that workloads name; nil: such studies are refused.
	Open func(name string) (io.ReadCloser, error)
	// PointsMax is how many points a study may have; 0 = any number.
	PointsMax int
	Set       []string // further overrides of the base scenario
	Seed      uint64   // instead of the study's; 0 = the study's
	Evaluate  string   // instead of the study's; empty = the study's
	Interval  string   // instead of the study's; empty = the study's
	// Accuracy is how far predictions are off, for intervals and where deployments
	// are to be chosen; nil = as shipped.
	Accuracy *configs.Accuracy
}

// PointsMax is the number of points beyond which a study is likely a slip.
const PointsMax = 1_000_000

// Plan is a study with everything that decides its points worked out. It is
// immutable and safe for concurrent use.
type Plan struct {
	Study *Study
	// Hash identifies what is computed: equal hashes, equal points. It does not
	// depend on thresholds, objectives, or how the study is written.
	Hash string

	accuracy *configs.Accuracy // nil = as shipped

	base  *base
	combo *combination
	kept  []int // numbers of the combinations that stay; nil = all
	seed  uint64
	files *recorder
	trace map[string]string // digests of the traces, by path
}

// NewPlan reads a study and works out its points. Faults of what was written
// are *configs.Error; nothing is simulated.
func NewPlan(source Source) (*Plan, error) {
	p := &Plan{accuracy: source.Accuracy, trace: map[string]string{},
		files: &recorder{read: source.Study.ReadFile, seen: map[string][]byte{}}}
	if source.Study.ReadFile != nil {
		source.Study.ReadFile = p.files.readFile
	}
	var written *configs.Provenance
	var err error
	if p.Study, written, err = configs.Load[Study](&configs.Library{}, source.Study, nil); err != nil {
		return nil, err
	}
	d := &p.Study.Design
	d.Set = append(d.Set, source.Set...)
	if source.Seed != 0 {
		d.Seed = source.Seed
	}
	if source.Evaluate != "" {
		d.Evaluate = source.Evaluate
	}
	if source.Interval != "" {
		d.Interval = source.Interval
	}
	if err := d.validate(); err != nil {
		return nil, &configs.Error{Path: p.Study.Name, Problem: err.Error()}
	}
	if err := p.work(&source); err != nil {
		return nil, placed(err, written)
	}
	return p, nil
}

// placed adds to a fault of a study where it was written.
func placed(err error, written *configs.Provenance) error {
	fault, ok := errors.AsType[*configs.Error](err)
	if !ok || fault.At != (configs.Position{}) {
		return err
	}
	field, _, _ := strings.Cut(fault.Path, "[")
	if !slices.Contains([]string{"axes", "list", "constraints", "thresholds", "objectives"}, field) {
		return err
	}
	placed := *fault
	placed.At = written.At(fault.Path)
	return &placed
}

// work fills in the points of the plan.
func (p *Plan) work(source *Source) error {
	d := &p.Study.Design
	name := d.Scenario
	if isPath(name) && isPath(source.Study.Name) && !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(source.Study.Name), name)
	}
	p.base = configs.NewBase[configs.Scenario](configs.Presets(),
		configs.Source{Name: name, FS: source.Scenarios, ReadFile: source.Study.ReadFile})
	untouched, err := p.base.Try(d.Set)
	if err != nil {
		return err
	}
	if err := limit(d.countMin(), d, source.PointsMax); err != nil {
		return err
	}
	if p.combo, err = combine(p.base, d); err != nil {
		return err
	}
	if err := limit(p.combo.count, d, source.PointsMax); err != nil {
		return err
	}
	f, err := newFilter(p.base, p.combo, d)
	if err != nil {
		return err
	}
	if p.kept, err = f.kept(); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	return p.identify(untouched, source.Open, source.Study.Name, name)
}

// limit refuses studies of more points than the source allows or an int can count.
func limit(combinations int, d *Design, most int) error {
	n := combinations * d.replications()
	switch {
	case n >= countMax:
		return &configs.Error{Path: "axes", Problem: fmt.Sprintf("want less than %d points in a study", countMax)}
	case most > 0 && n > most:
		return &configs.Error{Path: "axes", Problem: fmt.Sprintf(
			"%d points are more than %d: if you mean it, say so with --yes", n, most)}
	}
	return nil
}

// isPath tells a path from a name, as package configs does.
func isPath(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// identify works out the hash: of the base scenario, the points, and the
// presets and traces that any of them reads. How study and scenario are written
// does not count.
func (p *Plan) identify(untouched *configs.Provenance, open func(string) (io.ReadCloser, error), study,
	scenario string) error {
	const tracePath = "workload.trace"
	seed, err := untouched.Value("seed")
	if err != nil {
		return err
	}
	if p.seed, err = strconv.ParseUint(seed.Text, 10, 64); err != nil {
		return err
	}
	if p.Study.Seed != 0 {
		p.seed = p.Study.Seed
	}
	traces := []string{}
	if v, err := untouched.Value(tracePath); err == nil && v.Text != "" {
		traces = append(traces, v.Text)
	}
	for _, x := range p.combo.axes {
		for _, s := range x.values {
			if v, err := p.base.Try([]string{s.at(x.path)}); err == nil {
				if t, err := v.Value(tracePath); err == nil && t.Text != "" {
					traces = append(traces, t.Text)
				}
			}
		}
	}
	h := sha256.New()
	fmt.Fprintln(h, untouched.Digest(), configs.Digest(p.Study.Design), p.seed)
	fmt.Fprintln(h, p.known())
	files := p.Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != study && name != scenario {
			fmt.Fprintf(h, "%x\n", sha256.Sum256(files[name]))
		}
	}
	for _, t := range traces {
		if _, known := p.trace[t]; known {
			continue
		}
		if p.trace[t], err = digestFile(t, open); err != nil {
			return &configs.Error{Path: tracePath, Value: t, Problem: err.Error()}
		}
		fmt.Fprintln(h, p.trace[t])
	}
	p.Hash = hex.EncodeToString(h.Sum(nil))
	return nil
}

func digestFile(name string, open func(string) (io.ReadCloser, error)) (string, error) {
	if open == nil {
		return "", fmt.Errorf("traces cannot be read here")
	}
	r, err := open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// known identifies what is known of the model's errors; empty = what ships.
func (p *Plan) known() string {
	if p.accuracy == nil {
		return ""
	}
	return configs.Digest(*p.accuracy)
}

// Scenario is the one whose fields the points change.
func (p *Plan) Scenario() (*configs.Scenario, error) {
	s, _, err := p.base.Load(p.Study.Set)
	return s, err
}

// Len is the number of points, each replication counted.
func (p *Plan) Len() int { return p.combinations() * p.Study.replications() }

func (p *Plan) combinations() int {
	if p.kept != nil {
		return len(p.kept)
	}
	return p.combo.count
}

// Dropped is the number of combinations that the constraints left out.
func (p *Plan) Dropped() int { return p.combo.count - p.combinations() }

// Axes lists the paths that the study varies.
func (p *Plan) Axes() []string {
	paths := make([]string, len(p.combo.axes))
	for i, x := range p.combo.axes {
		paths[i] = x.path
	}
	return paths
}

// Seeds lists the seeds of the replications.
func (p *Plan) Seeds() []uint64 {
	seeds := make([]uint64, p.Study.replications())
	for r := range seeds {
		seeds[r] = p.seed + uint64(r)
	}
	return seeds
}

// Point is one scenario of a study.
type Point struct {
	Number      int // from 0, in the order of the study
	Replication int
	Seed        uint64
	Sets        []string // overrides of the base scenario, its own first
}

// Point returns the point of a number below Len.
func (p *Plan) Point(number int) Point {
	replications := p.Study.replications()
	combination, replication := number/replications, number%replications
	if p.kept != nil {
		combination = p.kept[combination]
	}
	q := Point{Number: number, Replication: replication, Seed: p.seed + uint64(replication)}
	q.Sets = append(q.Sets, p.Study.Set...)
	q.Sets = append(q.Sets, p.combo.sets(p.combo.at(combination))...)
	q.Sets = append(q.Sets, fmt.Sprintf("seed=%d", q.Seed))
	return q
}

// Files returns the files that the plan was made from, by name: with them the
// same plan can be made elsewhere.
func (p *Plan) Files() map[string][]byte {
	p.files.mu.Lock()
	defer p.files.mu.Unlock()
	copied := map[string][]byte{}
	for name, content := range p.files.seen {
		copied[name] = content
	}
	return copied
}

// recorder remembers the files that were read.
type recorder struct {
	read func(string) ([]byte, error)
	mu   sync.Mutex
	seen map[string][]byte
}

func (r *recorder) readFile(name string) ([]byte, error) {
	content, err := r.read(name)
	if err == nil {
		r.mu.Lock()
		r.seen[name] = content
		r.mu.Unlock()
	}
	return content, err
}

// check reports thresholds and objectives that name what no result has.
func (p *Plan) check() error {
	t := Tabulate(p, "", []*Row{{Settings: p.anySettings()}})
	for i, text := range p.Study.Thresholds {
		c, err := parseCondition(text)
		if err != nil {
			return &configs.Error{Path: fmt.Sprintf("thresholds[%d]", i), Problem: err.Error()}
		}
		for _, n := range append(names(c.left), names(c.right)...) {
			if !t.mayHave(n, &p.Study.Design) {
				return &configs.Error{Path: fmt.Sprintf("thresholds[%d]", i), Value: n,
					Problem: "is no column of the results, or of several; want one such as agents_per_mw.it"}
			}
		}
	}
	for i, o := range p.Study.Objectives {
		if !t.mayHave(o.Metric, &p.Study.Design) {
			return &configs.Error{Path: fmt.Sprintf("objectives[%d].metric", i), Value: o.Metric,
				Problem: "is no column of the results, or of several; want one such as agents_per_mw.it"}
		}
	}
	return nil
}

// mayHave reports whether results can have a column. Which entries maps have is
// known only once there are results.
func (t *Table) mayHave(name string, p *Design) bool {
	for _, prefix := range []string{"power.by_component.", "time.by_state.", "time.busy."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	if of, ok := strings.CutPrefix(name, intervalColumns); ok && p.Interval != NoInterval {
		bounded := Table{Columns: resultColumns([]*Row{{Result: &metrics.Result{
			Capacity: &metrics.Capacity{ModelInterval: &metrics.ModelInterval{}}}}})}
		_, ok := bounded.Column(intervalColumns + of)
		return ok
	}
	_, ok := t.Column(name)
	return ok
}

// anySettings stands for the settings of a point where only the columns count.
func (p *Plan) anySettings() []Setting {
	list := make([]Setting, len(p.combo.axes))
	for i, x := range p.combo.axes {
		list[i] = Setting{Path: x.path, Numeric: x.values[0].value.Numeric}
	}
	return list
}

// Score is what the first objective came to at a point.
func (p *Plan) Score(r *Row) (float64, bool) {
	t := Tabulate(p, "", []*Row{r})
	i, ok := t.Column(p.Study.goals()[0].Metric)
	if !ok || !t.Rows[0][i].Known || r.Status != Done {
		return 0, false
	}
	return t.Rows[0][i].Number, true
}

// Better reports whether one score of the first objective is better than
// another.
func (p *Plan) Better(a, b float64) bool {
	return p.Study.goals()[0].compare(Estimate{Mean: a}, Estimate{Mean: b}) < 0
}
