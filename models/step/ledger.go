package step

import "agentsim/models/hardware"

// Operator names a part of a step.
type Operator uint8

// The operators of a step, in the order a layer runs them.
const (
	Attention Operator = iota
	ContextExchange
	Residual
	Small
	AllReduce
	Gather
	Dispatch
	Experts
	Combine
	SharedExpert
	DenseFFN
	Head
	Draft
	Gaps
	Sends
	Bubble
	Host
	Throttle
	operators
)

// String returns the operator's name as printed by explain.
func (o Operator) String() string {
	return [operators]string{"attention", "context exchange", "residual streams", "norms and router", "all-reduce",
		"gather and scatter", "dispatch", "experts", "combine", "shared expert", "dense ffn", "head", "draft",
		"gaps between kernels", "stage to stage", "pipeline bubble", "host", "power cap"}[o]
}

// Bound says what limits an operator.
type Bound uint8

// What may limit an operator.
const (
	Latency Bound = iota // fixed costs: launches, synchronisation
	Compute
	Memory
	Network
	Power // the accelerators' cap
)

// String returns the bound's name.
func (b Bound) String() string {
	return [...]string{"latency", "compute", "memory", "network", "power"}[b]
}

// Item is one line of a step's account, summed over the layers it occurs in.
type Item struct {
	Operator Operator
	Kind     string // attention kind or kernel path, where there are several
	Seconds  float64
	Bound    Bound
	FLOPs    float64 // over the whole worker
	Bytes    float64 // of HBM, over the whole worker
	Link     float64 // bytes over links, over the whole worker
	Joules   float64 // dynamic, over the whole worker
	// Beyond is how far the load lies above what the operator's table measured, as
	// a factor; 1 = inside, or of no table.
	Beyond float64
}

// entry is one operator as it is booked: times of the slowest rank, work of
// the whole worker.
type entry struct {
	operator Operator
	kind     string
	count    float64 // layers that run it
	seconds  float64 // once
	ideal    float64 // the compute share of seconds: FLOPs at the achieved rate
	moving   float64 // the memory or network share of seconds
	flops    float64
	perFLOP  float64 // joules
	bytes    float64
	link     float64
	busy     float64 // watts of the slowest rank while it runs, beyond what its work draws
	extra    float64 // further dynamic joules, over the whole worker
	moved    float64 // of the extra joules, those of memory and links

	constants string        // where they stand in the kernel set; empty = of no table
	load      hardware.Load // in the domain of their table
}

// ledger adds up a step. Items are kept only when a list is given.
type ledger struct {
	seconds float64
	drafts  float64 // of seconds, those of draft passes
	copies  float64 // micro-batches of the step that cost the same, one after another
	drain   float64
	compute float64 // seconds that stretch when the clock slows
	joules  float64
	moved   float64 // of the joules, those of memory and links
	energy  *energy
	items   *[]Item
	prompts bool // the step holds any
	sources hardware.Sources
	kept    *[]booked // where what is booked is kept for another time; nil = nowhere
}

// booked is what an entry adds to a ledger.
type booked struct {
	seconds, joules, moved float64
	compute, draft         bool
}

func (l *ledger) book(b *booked) {
	l.seconds += b.seconds
	l.joules += b.joules
	l.moved += b.moved
	if b.draft {
		l.drafts += b.seconds
	}
	if b.compute {
		l.compute += b.seconds
	}
}

// again books what was kept, in the same order; false where nothing was.
func (l *ledger) again(kept []booked) bool {
	for i := range kept {
		l.book(&kept[i])
	}
	return len(kept) > 0
}

func (l *ledger) add(e *entry) {
	e.seconds = max(e.seconds, e.ideal, e.moving) // no constant outruns the accelerator as it is configured
	seconds := e.count * e.seconds
	traffic := e.bytes*l.energy.perByte + e.link*l.energy.perLinkByte
	joules := e.count * l.copies * (e.flops*e.perFLOP + traffic + e.busy*l.loaded(e)*l.energy.accelerators + e.extra)
	bound := e.bound()
	b := booked{
		seconds: seconds,
		joules:  joules,
		moved:   e.count * l.copies * (traffic + e.moved),
		compute: bound == Compute,
		draft:   e.operator == Draft,
	}
	l.book(&b)
	if l.kept != nil {
		*l.kept = append(*l.kept, b)
	}
	if l.items == nil || seconds == 0 && joules == 0 {
		return
	}
	l.list(Item{
		Operator: e.operator,
		Kind:     e.kind,
		Seconds:  seconds,
		Bound:    bound,
		FLOPs:    e.count * l.copies * e.flops,
		Bytes:    e.count * l.copies * e.bytes,
		Link:     e.count * l.copies * e.link,
		Joules:   joules,
		Beyond:   l.beyond(e),
	})
}

// beyond is how far an operator's load lies outside its table.
func (l *ledger) beyond(e *entry) float64 {
	if e.constants == "" {
		return 1
	}
	source, _ := l.sources.Of(e.constants)
	return source.Domain.Beyond(e.load)
}

// list adds an item to the one of the same operator and kind, if there is any.
func (l *ledger) list(item Item) {
	for i := range *l.items {
		o := &(*l.items)[i]
		if o.Operator != item.Operator || o.Kind != item.Kind {
			continue
		}
		if item.Seconds > o.Seconds {
			o.Bound = item.Bound
		}
		o.Seconds += item.Seconds
		o.FLOPs += item.FLOPs
		o.Bytes += item.Bytes
		o.Link += item.Link
		o.Joules += item.Joules
		o.Beyond = max(o.Beyond, item.Beyond)
		return
	}
	*l.items = append(*l.items, item)
}

func (e *entry) bound() Bound {
	const most = 4 // kernels that reach less than a quarter of any peak wait for something else
	switch {
	case most*max(e.ideal, e.moving) < e.seconds:
		return Latency
	case e.ideal >= e.moving:
		return Compute
	case e.operator == Dispatch || e.operator == Combine || e.operator == AllReduce || e.operator == Gather,
		e.operator == Sends, e.operator == ContextExchange:
		return Network
	}
	return Memory
}

// achieved is the share of peak rates that kernels reach while they fill the
// accelerator (hardware.md 3.1 and 3.2: 0.6 to 0.8).
const achieved = 0.67

// loaded is the part of an operator's time in which it draws its class's
// watts, which were measured on kernels that fill the accelerator. In a decode
// step operators wait for launches and for each other; they draw them only
// while they compute or move.
func (l *ledger) loaded(e *entry) float64 {
	if l.prompts {
		return e.seconds
	}
	return min(e.seconds, max(e.ideal, e.moving)/achieved)
}

// timed is how many seconds one of count layers takes of what book books.
func (l *ledger) timed(count float64, book func()) float64 {
	before := l.seconds
	book()
	return (l.seconds - before) / count
}
