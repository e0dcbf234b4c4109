package readers

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goccy/go-yaml"

	"agentsim/trace"
)

// blis reads TraceV2 and V3 of inference-sim (BLIS): a YAML header and a CSV of the
// same name, times in microseconds. With session_context_growth: accumulate a
// row's input is new text, unless the server's own count of the whole prompt
// stands beside it.
type blis struct {
	env        *env
	out        *queue
	accumulate bool // of the file that is open
	sessions   progresses
	known      map[string]bool // requests
	window     window[blisRow]
}

// blisHeader is what matters of the YAML file.
type blisHeader struct {
	Version  int    `yaml:"trace_version"`
	TimeUnit string `yaml:"time_unit"`
	Growth   string `yaml:"session_context_growth"`
}

// blisOpener opens the CSV of a pair, whichever of the two was named.
type blisOpener struct {
	csvOpener
	format *blis
}

func newBLISOpener(e *env) opener {
	format := &blis{env: e, sessions: progresses{}, known: map[string]bool{}}
	format.window = window[blisRow]{env: e, take: format.place, order: blisOrder}
	return blisOpener{csvOpener{csvFormat: format, env: e}, format}
}

func (o blisOpener) open(f *file, head []byte, p *sample) (decoder, error) {
	if p.columns("request_id", "arrival_time_us") {
		header := companionOf(f.path)
		if err := o.headerFile(header); err != nil {
			return nil, fmt.Errorf("the header that belongs to it, %s: %w", header, err)
		}
		return o.csvOpener.open(f, head, p)
	}
	data, err := io.ReadAll(io.LimitReader(f.r, headBytes))
	if err != nil {
		return nil, err
	}
	if err := o.format.header(data); err != nil {
		return nil, err
	}
	rows, err := openFile(input{path: beside(f.path, ".yaml", ".csv")})
	if err != nil {
		return nil, fmt.Errorf("the rows that belong to it: %w", err)
	}
	err = f.Close()
	f.r, f.c = rows.r, rows.c // closed with the header's file
	if err != nil {
		return nil, err
	}
	head, err = f.head()
	if err != nil {
		return nil, err
	}
	return o.csvOpener.open(f, head, p)
}

func (o blisOpener) headerFile(path string) error {
	f, err := openFile(input{path: path})
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(f.r, headBytes))
	if err = firstError(err, f.Close()); err != nil {
		return err
	}
	return o.format.header(data)
}

func (b *blis) header(data []byte) error {
	var h blisHeader
	if err := yaml.Unmarshal(data, &h); err != nil {
		return err
	}
	switch {
	case h.Version != 2 && h.Version != 3:
		return fmt.Errorf("trace_version: %d; want 2 or 3", h.Version)
	case h.TimeUnit != "us" && h.TimeUnit != "":
		return fmt.Errorf("time_unit: %q; want us", h.TimeUnit)
	case h.Growth != "" && h.Growth != "accumulate":
		return errors.New("session_context_growth: unknown; want accumulate or nothing")
	}
	b.accumulate = h.Growth == "accumulate"
	return nil
}

func (b *blis) columns() (required, optional []string) {
	return []string{"request_id", "session_id", "input_tokens", "output_tokens", "arrival_time_us"},
		strings.Fields(`client_id tenant_id slo_class round_index prefix_group prefix_length streaming text_tokens
			image_tokens audio_tokens video_tokens reason_ratio model deadline_us server_input_tokens send_time_us
			first_chunk_time_us last_chunk_time_us num_chunks status error_message finish_reason slo_target_us
			vllm_priority x_request_id adapter think_time_us`)
}
func (b *blis) begin(string)        {}
func (b *blis) finish(*queue) error { return nil }

func (b *blis) row(r *csvRow, q *queue) {
	row := blisRow{Call: unknownTimes(), accumulate: b.accumulate}
	row.Kind = trace.User
	row.Session, row.Model = r.cell("session_id"), b.env.names.of([]byte(r.cell("model")))
	row.Start = r.seconds("arrival_time_us", micro)
	row.Input, row.Output = r.count("input_tokens"), r.count("output_tokens")
	row.Shared = min(r.count("prefix_length"), row.Input)
	if last := r.seconds("last_chunk_time_us", micro); last > row.Start {
		row.Service = last - row.Start
	}
	row.whole, row.think = r.count("server_input_tokens"), r.seconds("think_time_us", micro)
	row.id, row.round = r.cell("request_id"), r.count("round_index")
	if r.err != nil {
		return
	}
	if status := r.cell("status"); status != "" && status != "ok" && status != "success" {
		b.env.note(failedCalls)
		return
	}
	if row.whole == 0 && !b.env.usable(&row.Call) {
		return
	}
	b.out = q
	b.window.add(row, row.Start, 1)
}

// blisRow is a row before its session is known.
type blisRow struct {
	trace.Call
	id         string
	round      int
	whole      int     // prompt tokens as the server counted them
	think      float64 // seconds
	accumulate bool
}

func blisOrder(x, y *blisRow) int {
	return cmp.Or(cmp.Compare(x.Session, y.Session), cmp.Compare(x.round, y.round), cmp.Compare(x.id, y.id))
}

func (b *blis) place(r *blisRow) {
	if key := r.Session + " " + r.id; r.id != "" && b.known[key] {
		b.env.note(copies)
		return
	} else if r.id != "" {
		b.known[key] = true
	}
	c := &r.Call
	if c.Session == "" {
		c.Input, c.Kind = cmp.Or(r.whole, c.Input), trace.First
		b.out.push(*c)
		return
	}
	session := b.sessions.of(c.Session)
	if session.turns > 0 {
		c.Shared = 0
		c.Gap = r.think
	}
	if r.accumulate && r.whole == 0 {
		session.extends(c)
	} else {
		c.Input = cmp.Or(r.whole, c.Input)
		session.assumePrefix(c)
	}
	session.place(c)
	b.out.push(*c)
}

// drain hands out the rows that the window holds.
func (b *blis) drain(q *queue) (bool, error) {
	b.out = q
	b.window.drain()
	return true, nil
}

// companionOf returns the file without which the named one is not whole: the
// YAML header of a CSV, the rates that belong to a data set of lengths; "" if
// there is none of the kind.
func companionOf(path string) string {
	if header := beside(path, ".csv", ".yaml"); header != "" {
		return header
	}
	return beside(path, "-dataset.json", "-trace.csv")
}

// beside returns the file next to one whose name ends otherwise, compressed or
// not. It is "" for a path that does not end so, and a name that is not there
// if there is no such file.
func beside(path, ending, other string) string {
	suffixes := []string{"", ".gz", ".zst"}
	for _, own := range suffixes {
		name, ok := strings.CutSuffix(path, ending+own)
		if !ok {
			continue
		}
		for _, suffix := range suffixes {
			if _, err := os.Stat(name + other + suffix); err == nil {
				return name + other + suffix
			}
		}
		return name + other
	}
	return ""
}
