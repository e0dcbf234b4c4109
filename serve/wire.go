package serve

import (
	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/units"
)

// wire is a link that carries caches: from a prefill rank to decode workers,
// or from a tier below HBM to the accelerators. What is on it at once shares
// its rate.
type wire struct {
	link  *kvcache.Link
	timer sim.Timer // of the next delivery
}

// addWire makes a wire and returns its number.
func (c *Cluster) addWire(rate units.ByteRate) (int32, error) {
	link, err := kvcache.NewLink(rate)
	if err != nil {
		return 0, err
	}
	c.wires = append(c.wires, wire{link: link})
	return int32(len(c.wires) - 1), nil
}

// send puts bytes of a call on a wire after a latency; delivered follows.
func (c *Cluster) send(id, wire int32, latencySeconds, bytes float64) {
	a := &c.calls[id]
	a.wire, a.bytes = wire, bytes
	c.departed.After(sim.Ticks(latencySeconds), id)
}

// onDeparted lets a call's bytes share the wire from now on.
func (c *Cluster) onDeparted(id int32) error {
	a := &c.calls[id]
	c.wires[a.wire].link.Start(c.Now(), uint32(id), a.bytes)
	c.rearm(a.wire)
	return nil
}

// rearm sets the timer of a wire's next delivery.
func (c *Cluster) rearm(number int32) {
	w := &c.wires[number]
	w.timer.Cancel()
	if at, busy := w.link.Next(); busy {
		w.timer = c.delivered.After(sim.Ticks(max(0, at-c.Now())), number)
	}
}

// onDelivered hands over all calls whose bytes have arrived.
func (c *Cluster) onDelivered(number int32) error {
	w := &c.wires[number]
	for {
		id, ok := w.link.Finish(c.Now())
		if !ok {
			break
		}
		if err := c.handOver(int32(id)); err != nil {
			return err
		}
	}
	c.rearm(number)
	return nil
}

func (c *Cluster) handOver(id int32) error {
	if c.calls[id].state == InReload {
		return c.onReloaded(id)
	}
	return c.onTransferred(id)
}
