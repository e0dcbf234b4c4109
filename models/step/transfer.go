package step

import (
	"math"

	"agentsim/models/llm"
	"agentsim/portable"
	"agentsim/units"
)

// Transfer is how one attention rank of a prefill worker sends caches to the
// decode workers of its unit (modelling.md 3.8).
type Transfer struct {
	Latency float64        // seconds before the first byte: kernel floor and handshake
	Rate    units.ByteRate // of the rank, all pipeline stages and all that divide a context together

	sizes  llm.CacheSizes
	state  float64 // bytes of a running sequence besides its cache
	layers float64
}

// NewTransfer is the transfer from workers of model m in a unit of so many
// accelerators. A unit that lies in one domain uses the scale-up fabric, a
// larger one the network. Every stage of a pipeline sends the layers it has.
func NewTransfer(m *Model, unitAccelerators int) Transfer {
	c := m.Config()
	link := c.System.Accelerator.ScaleOut
	if unitAccelerators <= c.System.Domain {
		link = c.System.Accelerator.ScaleUp
	}
	return Transfer{
		Latency: float64(c.Kernels.Transfer.Floor + c.Engine.Handshake),
		Rate:    link * units.ByteRate(c.Kernels.Transfer.Efficiency*float64(c.Shape.PP*m.worker.contextPages())),
		sizes:   c.LLM.CacheSizes(m.CacheFormat()),
		state:   c.LLM.StateBytes(),
		layers:  float64(c.LLM.Layers()),
	}
}

// Bytes is what has to be sent of a prompt of so many tokens to a worker that
// has kept the first of them.
func (t *Transfer) Bytes(prompt, kept int) float64 {
	return t.sizes.Bytes(prompt) - t.sizes.Bytes(kept) + t.state
}

// Exposed is the part of the bytes that prefill does not hide. Layers are sent
// as they are computed, so that all but the last overlap with the step that
// computed the end of the prompt; at least the last layer is left.
func (t *Transfer) Exposed(bytes, stepSeconds float64) float64 {
	hidden := stepSeconds * (1 - 1/t.layers) * float64(t.Rate)
	return max(bytes/t.layers, bytes-hidden)
}

// Seconds is the time from the end of that step until all bytes have arrived,
// if no other transfer shares the link.
func (t *Transfer) Seconds(bytes, stepSeconds float64) float64 {
	return t.Latency + t.Exposed(bytes, stepSeconds)/float64(t.Rate)
}

// IngressSeconds is the time from a request's submission to its arrival at the
// router, for a prompt of so many tokens, if a process of the front end is free.
func (h HostCost) IngressSeconds(promptTokens float64) float64 {
	return float64(h.Ingress) + h.RequestSeconds(promptTokens)
}

// WaitSeconds is the mean wait for a process of the front end at a rate of
// requests per second with prompts of so many tokens and answers of so many, on
// so many accelerators: M/D/c by Sakasegawa's approximation. It is infinite where the
// processes cannot keep up.
func (h HostCost) WaitSeconds(rate, prompt, output float64, accelerators int) float64 {
	c := float64(h.Processes * accelerators)
	if c == 0 {
		return 0
	}
	work := h.RequestSeconds(prompt) + float64(h.PerOutputToken)*output
	busy := rate * work / c
	if busy >= 1 {
		return math.Inf(1)
	}
	return work / 2 * portable.Pow(busy, math.Sqrt(2*(c+1))-1) / (c * (1 - busy))
}

// RequestSeconds is the work of the front end on a request before it arrives.
func (h HostCost) RequestSeconds(promptTokens float64) float64 {
	return float64(h.PerRequest) + float64(h.PerPromptToken)*promptTokens
}
