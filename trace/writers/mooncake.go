package writers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"agentsim/trace"
)

// AgenticMooncake writes all calls of r as Dynamo's agentic Mooncake rows and
// returns how many. Trajectories are sessions; each request waits for the one
// before it, the first one of a sub-agent for the one of its parent that
// started it, and one that joins sub-agents for the last of each that stands
// before it.
// Block ids are made up so that as many tokens match as the calls say, in
// whole blocks of that many tokens. Model, tool, kind and service time have no
// place in the format. The file appears when it is complete.
func AgenticMooncake(path string, r trace.Reader, blockTokens int) (calls int, err error) {
	if blockTokens < 1 {
		return 0, fmt.Errorf("block size: %d tokens; want at least 1", blockTokens)
	}
	err = replace(path, func(out io.Writer) error {
		w := mooncakeWriter{block: blockTokens, trajectories: map[string]*trajectory{}, shared: map[int]span{}}
		var call trace.Call
		for {
			err := r.Read(&call)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			calls++
			w.row(&call)
			if _, err := out.Write(w.line); err != nil {
				return err
			}
		}
	}, nil)
	return calls, err
}

type mooncakeWriter struct {
	block        int
	trajectories map[string]*trajectory
	shared       map[int]span // ids of a shared prefix, by its length in blocks
	longest      trajectory   // prompt that calls without a session share
	alone        int          // calls without a session so far
	nextID       int
	line         []byte
}

// trajectory is an agent's last prompt.
type trajectory struct {
	name, last string        // last = its last request
	started    []*trajectory // its sub-agents since the last join
	calls      int
	ids        []span
}

// span is a run of block ids that count up.
type span struct{ first, count int }

func (w *mooncakeWriter) row(c *trace.Call) {
	t, parent := w.place(c)
	waits := t.waits(c, parent)
	t.ids = w.mint(c, t, parent)
	request := t.request(t.calls)
	t.last = request
	t.calls++
	if c.Session == "" && blocks(t.ids) > blocks(w.longest.ids) {
		w.longest.ids = t.ids
	}
	w.line = append(w.line[:0], `{"request_id":`...)
	w.line = appendText(w.line, request)
	w.line = append(w.line, `,"session_id":`...)
	w.line = appendText(w.line, t.name)
	w.line = append(w.line, `,"wait_for":[`...)
	for i, wait := range waits {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = appendText(w.line, wait)
	}
	w.line = append(w.line, ']')
	w.times(c, len(waits) == 0)
	w.line = appendNumber(w.line, `,"input_length":`, c.Input)
	w.line = appendNumber(w.line, `,"output_length":`, c.Output)
	w.line = append(w.line, `,"hash_ids":[`...)
	w.line = appendIDs(w.line, t.ids)
	w.line = append(w.line, "]}\n"...)
}

func (t *trajectory) request(turn int) string { return t.name + "#" + strconv.Itoa(turn) }

// waits are the requests that a call begins after.
func (t *trajectory) waits(c *trace.Call, parent *trajectory) []string {
	var requests []string
	switch {
	case t.calls > 0:
		requests = append(requests, t.last)
	case parent != nil && parent.calls > 0:
		parent.started = append(parent.started, t)
		requests = append(requests, parent.last)
		if c.After > 0 && c.After <= parent.calls {
			requests[0] = parent.request(c.After - 1)
		}
	}
	if c.Joins {
		for _, child := range t.started {
			requests = append(requests, child.last)
		}
		t.started = nil
	}
	return requests
}

// times writes the start of a root, or the wait after the requests before.
func (w *mooncakeWriter) times(c *trace.Call, root bool) {
	const toMilliseconds = 1000
	switch {
	case root && c.Start >= 0:
		w.line = appendFloat(w.line, `,"timestamp":`, c.Start*toMilliseconds)
	case root:
		w.line = append(w.line, `,"timestamp":0`...)
	case c.Gap >= 0 && c.Kind == trace.Tool:
		w.line = appendFloat(w.line, `,"tool_wait_ms":`, c.Gap*toMilliseconds)
	case c.Gap >= 0:
		w.line = appendFloat(w.line, `,"delay":`, c.Gap*toMilliseconds)
	}
}

// place finds the trajectory of a call, and that of its parent if it has one.
func (w *mooncakeWriter) place(c *trace.Call) (t, parent *trajectory) {
	if c.Session == "" {
		w.alone++
		return &trajectory{name: "request-" + strconv.Itoa(w.alone)}, nil
	}
	name := c.Session
	if c.Agent != "" {
		name += "/" + c.Agent
	}
	t = w.trajectories[name]
	if t == nil {
		t = &trajectory{name: name}
		w.trajectories[name] = t
	}
	if c.Parent != "" {
		parent = w.trajectories[c.Parent]
		if parent == nil {
			parent = w.trajectories[c.Session+"/"+c.Parent]
		}
	}
	return t, parent
}

// mint makes up the ids of a prompt: those of the prompt before as far as it
// matches, then new ones.
func (w *mooncakeWriter) mint(c *trace.Call, t, parent *trajectory) []span {
	need, keep := (c.Input+w.block-1)/w.block, c.Prefix/w.block
	var ids []span
	switch {
	case t.calls > 0:
		ids = leading(t.ids, keep)
	case parent != nil && keep > 0:
		ids = leading(parent.ids, keep)
	case c.Session == "":
		ids = leading(w.longest.ids, keep)
	case c.Shared >= w.block:
		ids = []span{w.sharedPrefix(c.Shared / w.block)}
	}
	ids = leading(ids, need)
	if fresh := need - blocks(ids); fresh > 0 {
		ids = append(ids, span{w.nextID, fresh})
		w.nextID += fresh
	}
	return ids
}

func (w *mooncakeWriter) sharedPrefix(count int) span {
	s, ok := w.shared[count]
	if !ok {
		s = span{w.nextID, count}
		w.nextID += count
		w.shared[count] = s
	}
	return s
}

// leading returns a copy of the first n ids.
func leading(ids []span, n int) []span {
	var out []span
	for _, s := range ids {
		if n <= 0 {
			break
		}
		s.count = min(s.count, n)
		n -= s.count
		out = append(out, s)
	}
	return out
}

func blocks(ids []span) int {
	n := 0
	for _, s := range ids {
		n += s.count
	}
	return n
}

func appendIDs(line []byte, ids []span) []byte {
	comma := false
	for _, s := range ids {
		for i := range s.count {
			if comma {
				line = append(line, ',')
			}
			comma = true
			line = strconv.AppendInt(line, int64(s.first+i), 10)
		}
	}
	return line
}

func appendText(line []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // strings always marshal
		return append(line, `""`...)
	}
	return append(line, quoted...)
}

func appendNumber(line []byte, key string, v int) []byte {
	return strconv.AppendInt(append(line, key...), int64(v), 10)
}

// appendFloat writes milliseconds, to a thousandth.
func appendFloat(line []byte, key string, v float64) []byte {
	return strconv.AppendFloat(append(line, key...), math.Round(v*1000)/1000, 'f', -1, 64)
}
