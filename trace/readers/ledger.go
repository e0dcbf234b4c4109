package readers

import (
	"cmp"
	"math"
	"slices"

	"agentsim/trace"
)

// entry is a call as a log tells it, before its place among the others is
// known. Start is in Unix seconds. Turn, the kind First and the prefix are
// filled in by the ledger; so is the gap where the format does not tell it.
type entry struct {
	trace.Call
	id     string  // of the call; entries with one id are one call; "" = not told
	rank   int     // place in the session, where the log numbers its calls
	end    float64 // Unix seconds, where no Service says it; Unknown = not told
	edited bool    // the prompt is not the one before with something appended: a compaction, a cleared context
	told   bool    // Prefix is what the format says, by ids or text
	order  int     // place in the log
	key    float64 // what calls are sorted by: Start, or that of the call before
}

// newEntry returns an entry of which no time is known yet.
func newEntry() entry { return entry{Call: unknownTimes(), end: trace.Unknown} }

// ended returns when an entry's call was over, in Unix seconds.
func (e *entry) ended() float64 {
	if e.Start >= 0 && e.Service >= 0 {
		return e.Start + e.Service
	}
	return e.end
}

// ledger holds the calls of logs with wall time until all files are read. Only
// then is known when the trace began, which call of an agent followed which,
// and what is a copy. So neither files nor records have to come in any order.
type ledger struct {
	env     *env
	entries []entry
}

// record puts a call into the ledger. Calls without a prompt are none.
func (e *env) record(c entry) {
	if c.Input <= 0 {
		e.note(noTokens)
		return
	}
	c.order = len(e.ledger.entries)
	e.ledger.entries = append(e.ledger.entries, c)
}

// Notes that several formats have.
const (
	noTokens    = "calls without token counts left out"
	failedCalls = "failed calls left out"
	copies      = "copies of calls left out"
	overlapping = "calls of an agent that overlap in time, put in a row"
)

// finish places all calls and pushes them in the order of time.
func (l *ledger) finish(q *queue) {
	if len(l.entries) == 0 {
		return
	}
	l.dropCopies()
	l.sortByAgent()
	zero := math.Inf(1)
	for first := 0; first < len(l.entries); {
		next := first + 1
		for next < len(l.entries) && l.entries[next].sameAgent(&l.entries[first]) {
			next++
		}
		l.place(l.entries[first:next])
		first = next
	}
	for i := range l.entries {
		if start := l.entries[i].Start; start >= 0 {
			zero = min(zero, start)
		}
	}
	slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	for i := range l.entries {
		c := l.entries[i].Call
		if c.Start >= 0 {
			c.Start = micros(c.Start - zero)
		}
		c.Gap, c.Service = micros(c.Gap), micros(c.Service)
		q.push(c)
	}
	l.entries = nil
}

func (e *entry) sameAgent(other *entry) bool {
	return e.Session == other.Session && e.Agent == other.Agent && e.Session != ""
}

// dropCopies keeps one entry of each id. A history that a later session or a
// sub-agent repeats belongs to the session that was over first.
func (l *ledger) dropCopies() {
	type span struct{ begin, end float64 }
	over := map[string]span{} // of sessions
	for i := range l.entries {
		e := &l.entries[i]
		s, ok := over[e.Session]
		if !ok {
			s.begin = math.Inf(1)
		}
		if e.Start >= 0 {
			s.begin = min(s.begin, e.Start)
		}
		s.end = max(s.end, e.Start, e.ended())
		over[e.Session] = s
	}
	best := map[string]int{}
	for i := range l.entries {
		e := &l.entries[i]
		j, twice := best[e.id]
		if e.id == "" || twice && !l.earlier(i, j, func(a, b *entry) int {
			x, y := over[a.Session], over[b.Session]
			return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end))
		}) {
			continue
		}
		best[e.id] = i
	}
	kept := l.entries[:0]
	for i := range l.entries {
		if e := &l.entries[i]; e.id == "" || best[e.id] == i {
			kept = append(kept, *e)
			continue
		}
		l.env.note(copies)
	}
	l.entries = kept
}

// earlier reports whether entry i is to be kept rather than j, which stands
// before it in the log: by its session, then by what does not depend on the
// order of files. Of equal ones the more complete is kept.
func (l *ledger) earlier(i, j int, bySession func(a, b *entry) int) bool {
	a, b := &l.entries[i], &l.entries[j]
	return cmp.Or(bySession(a, b), cmp.Compare(a.Session, b.Session), cmp.Compare(a.Agent, b.Agent),
		-cmp.Compare(a.Output, b.Output), -cmp.Compare(a.Input, b.Input), cmp.Compare(a.Start, b.Start)) < 0
}

// sortByAgent brings the calls of each agent together, in the order in which
// they happened: as the log numbers them, or by time. A call without a time
// stays behind the one that stands before it.
func (l *ledger) sortByAgent() {
	last := map[[2]string]float64{}
	for i := range l.entries {
		e := &l.entries[i]
		agent := [2]string{e.Session, e.Agent}
		e.key = e.Start
		if e.key < 0 {
			e.key = e.end
		}
		if before, ok := last[agent]; e.key < 0 && ok && e.Session != "" {
			e.key = before
		}
		last[agent] = e.key
	}
	slices.SortFunc(l.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Session, b.Session), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.rank, b.rank),
			cmp.Compare(a.key, b.key), a.tie(&b), cmp.Compare(a.order, b.order))
	})
}

// tie orders calls of one instant by what does not depend on their place in
// the log. Calls without any time keep that place.
func (e *entry) tie(other *entry) int {
	if e.Start < 0 || other.Start < 0 {
		return 0
	}
	return cmp.Or(cmp.Compare(e.ended(), other.ended()), cmp.Compare(e.Input, other.Input), cmp.Compare(e.id, other.id))
}

// place numbers the calls of an agent, and fills in gaps and prefixes.
func (l *ledger) place(calls []entry) {
	for i := range calls {
		e := &calls[i]
		e.Turn, e.Cached = i, min(e.Cached, e.Input)
		if i == 0 {
			e.Kind = trace.First
		} else {
			e.key = max(e.key, calls[i-1].key) // as the log numbers them
			l.gap(&calls[i-1], e)
		}
		if !e.told {
			e.Prefix = prefixOf(before(calls[:i], e), e)
		}
		e.Prefix = min(e.Prefix, e.Input)
	}
}

// gap fills in the time between two calls.
func (l *ledger) gap(last, e *entry) {
	end := last.ended()
	if e.Start < 0 || end < 0 {
		return
	}
	const tolerance = milli // of clocks that round
	if e.Start < end-tolerance {
		l.env.note(overlapping)
	}
	if e.Gap < 0 {
		e.Gap = max(e.Start-end, 0)
	}
}

// overlapMax bounds how far back a call's predecessor is looked for.
const overlapMax = 64

// before returns the call whose prompt a call may extend: the last one to the
// same model that was over when it began, unless the history was edited since;
// nil if there is none.
func before(calls []entry, e *entry) *entry {
	if e.edited {
		return nil
	}
	for i := len(calls) - 1; i >= max(0, len(calls)-overlapMax); i-- {
		last := &calls[i]
		same := e.Model == last.Model || e.Model == "" || last.Model == ""
		if end := last.ended(); same && (e.Start < 0 || end < 0 || end <= e.Start+milli) {
			return last
		}
		if last.edited {
			return nil
		}
	}
	return nil
}

// prefixOf returns how many leading tokens of a call's prompt an earlier one
// holds, where a format tells only what its provider's cache returned. A prompt
// with something appended begins with all of the one before, whatever the
// provider had kept of it. Of a first prompt, and of one that was cut, edited
// or goes to another model, the provider's hits are all that is known.
func prefixOf(last, e *entry) int {
	if last == nil || e.Input < last.Input {
		return e.Cached
	}
	return last.Input
}
