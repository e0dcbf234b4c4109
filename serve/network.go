package serve

import (
	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/units"
)

// network carries caches: from prefill ranks to decode workers, and from tiers
// below HBM to the accelerators.
type network struct {
	clock    *sim.Simulation
	wires    []wire
	shared   map[string]int32 // wires of links that have a name
	departs  *sim.Kind[parcel]
	delivers *sim.Kind[int32]
	deliver  func(call int32) error // told of every call whose bytes have arrived
}

// wire is one link. The transfers on it at the same time share its rate.
type wire struct {
	link  *kvcache.Link
	timer sim.Timer // of the next delivery
}

// parcel is a transfer whose latency is not over yet.
type parcel struct {
	call, wire int32
	bytes      float64
}

func newNetwork(clock *sim.Simulation, deliver func(call int32) error) *network {
	n := &network{clock: clock, shared: map[string]int32{}, deliver: deliver}
	n.departs = sim.NewKind(clock, "depart", sim.Transfer, n.onDepart)
	n.delivers = sim.NewKind(clock, "deliver", sim.Transfer, n.onDeliver)
	return n
}

// addWire makes a wire and returns its number.
func (n *network) addWire(rate units.ByteRate) (int32, error) {
	link, err := kvcache.NewLink(rate)
	if err != nil {
		return 0, err
	}
	n.wires = append(n.wires, wire{link: link})
	return int32(len(n.wires) - 1), nil
}

// tierWire is the wire of a tier: its own, or that of the link it names.
func (n *network) tierWire(t *kvcache.TierSpec) (int32, error) {
	if number, known := n.shared[t.Link]; known && t.Link != "" {
		return number, nil
	}
	number, err := n.addWire(t.Rate)
	if err == nil && t.Link != "" {
		n.shared[t.Link] = number
	}
	return number, err
}

// active is the number of transfers on a wire.
func (n *network) active(wire int32) int { return n.wires[wire].link.Active() }

// send puts a call's bytes on a wire after a latency.
func (n *network) send(p parcel, latencySeconds float64) {
	n.departs.After(sim.Ticks(latencySeconds), p)
}

// onDepart lets the bytes share the wire from now on.
func (n *network) onDepart(p parcel) error {
	n.wires[p.wire].link.Start(n.clock.Now().Seconds(), uint32(p.call), p.bytes)
	n.rearm(p.wire)
	return nil
}

// onDeliver hands over all calls whose bytes have arrived.
func (n *network) onDeliver(number int32) error {
	for {
		id, ok := n.wires[number].link.Finish(n.clock.Now().Seconds())
		if !ok {
			break
		}
		if err := n.deliver(int32(id)); err != nil {
			return err
		}
	}
	n.rearm(number)
	return nil
}

// rearm sets the timer of a wire's next delivery.
func (n *network) rearm(number int32) {
	w := &n.wires[number]
	w.timer.Cancel()
	if at, busy := w.link.Next(); busy {
		w.timer = n.delivers.After(sim.Ticks(max(0, at-n.clock.Now().Seconds())), number)
	}
}
