package readers

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

const (
	servegenWindow  = 600.0   // seconds of a row of rates
	servegenHours   = 21600.0 // seconds of a window of lengths
	servegenRateMax = 1000.0  // requests/s, bounds the memory of a window
	servegenSeed    = 1       // one client's profile always gives the same calls
)

// servegen reads ServeGen client profiles. They are no recordings: a table of
// request rates per ten minutes and the distributions of lengths per six hours,
// from which calls are drawn, the same ones each time. There are no sessions
// and no prefixes. A profile is a pair of files, NAME-trace.csv and
// NAME-dataset.json.
type servegen struct {
	oneByOne
	env *env
}

func newServegen(e *env) opener { return &servegen{env: e} }

func (g *servegen) open(f *file, _ []byte, p *sample) (decoder, error) {
	ratesName, lengthsName := f.path, beside(f.path, "-trace.csv", "-dataset.json")
	if p.text == "" {
		ratesName, lengthsName = companionOf(f.path), f.path
	}
	if ratesName == "" || lengthsName == "" {
		return nil, errors.New("not one of a pair; want files NAME-trace.csv and NAME-dataset.json")
	}
	rates, err := servegenRates(ratesName)
	if err != nil {
		return nil, err
	}
	lengths, err := servegenLengths(lengthsName)
	if err != nil {
		return nil, err
	}
	d := &servegenDecoder{rates: rates, lengths: lengths, env: g.env}
	d.rng = rand.New(rand.NewPCG(servegenSeed, hashBytes(hashStart, []byte(base(ratesName)))))
	return d, nil
}

// servegenRate is a row of NAME-trace.csv.
type servegenRate struct {
	start, rate  float64 // seconds, requests/s
	pattern      string
	shape, scale float64
}

func servegenRates(path string) ([]servegenRate, error) {
	f, err := openFile(input{path: path})
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f.r)
	if err = firstError(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []servegenRate
	line := 0
	for row := range strings.Lines(string(text)) {
		line++
		r, err := parseRate(strings.Split(strings.TrimSpace(row), ","))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func parseRate(cells []string) (servegenRate, error) {
	if len(cells) != 6 {
		return servegenRate{}, fmt.Errorf("%d cells; want start, rate, cv, pattern and its two arguments", len(cells))
	}
	var v [6]float64
	for _, i := range []int{0, 1, 4, 5} {
		x, err := strconv.ParseFloat(cells[i], 64)
		if err != nil || !(x >= 0) || x > 1e9 {
			return servegenRate{}, fmt.Errorf("cell %d is not a number of 0 or more", i+1)
		}
		v[i] = x
	}
	r := servegenRate{
		start:   v[0],
		rate:    v[1],
		pattern: cells[3],
		shape:   v[4],
		scale:   v[5],
	}
	switch {
	case r.rate > servegenRateMax:
		return r, fmt.Errorf("rate %v; want at most %v requests/s of one client", r.rate, servegenRateMax)
	case r.pattern != "" && r.pattern != "Gamma" && r.pattern != "Weibull":
		return r, fmt.Errorf("unknown pattern; want Gamma, Weibull or nothing")
	case r.pattern != "" && !(r.shape > 1e-3):
		return r, fmt.Errorf("shape %v of the arrivals; want more than 0.001", r.shape)
	}
	return r, nil
}

// lengths is a distribution of token counts as a table.
type lengths struct {
	tokens     []int
	cumulative []float64
}

func (l *lengths) draw(r *rand.Rand) int {
	u := r.Float64() * l.cumulative[len(l.cumulative)-1]
	i, _ := slices.BinarySearch(l.cumulative, u)
	return l.tokens[min(i, len(l.tokens)-1)]
}

// servegenLengthWindow holds the lengths of the requests of some hours.
type servegenLengthWindow struct {
	start         float64
	input, output lengths
}

func servegenLengths(path string) ([]servegenLengthWindow, error) {
	f, err := openFile(input{path: path})
	if err != nil {
		return nil, err
	}
	var out []servegenLengthWindow
	s := jsonscan.New(f.r)
	s.Object(func(key []byte) {
		start, err := strconv.ParseFloat(string(key), 64)
		if err != nil {
			s.Fail("a window's name is not its start in seconds")
			return
		}
		w := servegenLengthWindow{start: start}
		s.Object(func(key []byte) {
			switch string(key) {
			case "input_tokens":
				w.input = parseLengths(s)
			case "output_tokens":
				w.output = parseLengths(s)
			default:
				s.Skip() // reason_ratio and counts of other media
			}
		})
		if len(w.input.tokens) > 0 && len(w.output.tokens) > 0 {
			out = append(out, w)
		}
	})
	if err := firstError(s.Err(), f.Close()); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, jsonscan.LineOf(err, s.Line()), err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no window has both input_tokens and output_tokens", path)
	}
	slices.SortFunc(out, func(a, b servegenLengthWindow) int { return int(a.start - b.start) })
	return out, nil
}

// parseLengths reads "{102: 0.02, 103: 0.04}", a Python dictionary in a string.
func parseLengths(s *jsonscan.Scanner) lengths {
	text := strings.Trim(s.String(), "{} ")
	var out lengths
	if text == "" {
		return out
	}
	total := 0.0
	for entry := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(entry, ":")
		tokens, err := strconv.Atoi(strings.TrimSpace(key))
		p, err2 := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || err2 != nil || tokens < 0 || tokens > jsonscan.CountMax || !(p >= 0 && p <= 1) {
			s.Fail("a length or its probability is not a number; want {tokens: probability}")
			return lengths{}
		}
		total += p
		out.tokens, out.cumulative = append(out.tokens, tokens), append(out.cumulative, total)
	}
	if !(total > 0) {
		s.Fail("the probabilities of the lengths add up to 0")
	}
	return out
}

// servegenDecoder draws the calls of one window of rates after the other.
type servegenDecoder struct {
	env     *env
	rates   []servegenRate
	lengths []servegenLengthWindow
	rng     *rand.Rand
	next    int
	gaps    []float64
}

func (d *servegenDecoder) decode(q *queue) error {
	if d.next == len(d.rates) {
		return io.EOF
	}
	r := d.rates[d.next]
	d.next++
	n := int(math.Round(r.rate * servegenWindow))
	d.gaps = d.gaps[:0]
	total := 0.0
	for range n + 1 {
		gap := d.gap(r)
		total += gap
		d.gaps = append(d.gaps, gap)
	}
	at := 0.0
	w := d.window(r.start, n)
	for i := range n {
		at += d.gaps[i]
		c := unknownTimes()
		c.Start = r.start + at/total*servegenWindow
		c.Input, c.Output = w.input.draw(d.rng), w.output.draw(d.rng)
		q.push(c)
	}
	return nil
}

// gap draws a time between arrivals; the scale cancels out.
func (d *servegenDecoder) gap(r servegenRate) float64 {
	switch r.pattern {
	case "Gamma":
		shape := trace.Tokens{Kind: trace.Gamma, Shape: r.shape, Scale: 1}
		return shape.Draw(d.rng)
	case "Weibull":
		return math.Pow(-math.Log(1-d.rng.Float64()), 1/r.shape)
	}
	return 1
}

// window returns the lengths that hold at a time for some calls: those of the
// last window with data.
func (d *servegenDecoder) window(at float64, calls int) *servegenLengthWindow {
	w := &d.lengths[0]
	for i := range d.lengths {
		if d.lengths[i].start <= at {
			w = &d.lengths[i]
		}
	}
	if at >= w.start+servegenHours && calls > 0 {
		d.env.note("ten minutes whose lengths are not given, drawn from those before")
	}
	return w
}

func (d *servegenDecoder) skip() bool { return false }
func (d *servegenDecoder) line() int  { return d.next }

// isServegen recognises either file of a pair, the rates by their six nameless
// columns.
func isServegen(p *sample) bool {
	if p.text == "" {
		return companionOf(p.path) != "" && strings.Contains(base(p.path), "-dataset.json")
	}
	_, err := parseRate(strings.Split(p.text, ","))
	return err == nil && strings.Contains(base(p.path), "-trace.csv")
}
