package sim

// Recorder is shown every event just before its handler runs, in order. It may
// look, but not touch: to schedule, cancel or mix from a Recorder panics.
type Recorder interface {
	Record(e Event)
}

// Event is one event as a Recorder sees it. Its payload stays where it is until
// it is asked for, by Text or by the Kind's method Payload, so that recording
// boxes and allocates nothing by itself.
type Event struct {
	At    Time
	Phase Phase
	Kind  string

	kind *slots
	key  uint64
	slot uint32
}

// Text is the payload as fmt prints it, or "" once Record has returned.
func (e Event) Text() string {
	if e.kind == nil || e.kind.owners[e.slot] != e.key {
		return ""
	}
	return e.kind.run.text(e.slot)
}
