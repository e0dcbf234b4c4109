package kvcache

// queue is a binary heap of sessions in the order of eviction. Sessions know
// their place in it, so that one can leave from the middle.
type queue []SessionID

func (c *Cache) enqueue(t int, id SessionID) {
	l := &c.levels[t]
	l.queue = append(l.queue, id)
	c.up(t, len(l.queue)-1)
}

func (c *Cache) dequeue(t int, id SessionID) {
	at := int(c.sessions[id].pos[t]) - 1
	if at < 0 {
		return
	}
	l := &c.levels[t]
	last := len(l.queue) - 1
	moved := l.queue[last]
	l.queue = l.queue[:last]
	c.sessions[id].pos[t] = 0
	if at == last {
		return
	}
	c.place(t, at, moved)
	c.up(t, at)
	c.down(t, int(c.sessions[moved].pos[t])-1)
}

// before reports whether a gives way before b.
func (c *Cache) before(a, b SessionID) bool {
	x, y := &c.sessions[a], &c.sessions[b]
	if x.key != y.key {
		return x.key < y.key
	}
	return x.released < y.released
}

func (c *Cache) place(t, at int, id SessionID) {
	c.levels[t].queue[at] = id
	c.sessions[id].pos[t] = int32(at) + 1
}

func (c *Cache) up(t, at int) {
	q := c.levels[t].queue
	id := q[at]
	for at > 0 {
		parent := (at - 1) / 2
		if !c.before(id, q[parent]) {
			break
		}
		c.place(t, at, q[parent])
		at = parent
	}
	c.place(t, at, id)
}

func (c *Cache) down(t, at int) {
	q := c.levels[t].queue
	id := q[at]
	for {
		child := 2*at + 1
		if child >= len(q) {
			break
		}
		if child+1 < len(q) && c.before(q[child+1], q[child]) {
			child++
		}
		if !c.before(q[child], id) {
			break
		}
		c.place(t, at, q[child])
		at = child
	}
	c.place(t, at, id)
}
