package calibrate

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/models/hardware"
	"agentsim/units"
)

// elementBytes is the size of a BF16 or FP16 element of a message.
const elementBytes = 2

// readAllReduce reads an engine's own all-reduce. A message of m bytes passes
// 2(n-1)/n·m bytes through each rank's link.
func readAllReduce(c *columns, _ *scope) batch {
	var b batch
	kernel := c.text("kernel_source")
	size, ranks := c.positive("message_size"), c.positive("num_gpus")
	for i, seconds := range c.latency() {
		switch {
		case strings.Contains(kernel[i], "eager"):
			b.drop("eager launches: engines capture collectives in graphs")
		case size[i] < leastMessage:
			b.drop("messages below 4096 elements: less than one token")
		default:
			b.keep(sample{group: "all_reduce", seconds: seconds, bytes: 2 * (ranks[i] - 1) / ranks[i] * size[i] * elementBytes})
		}
	}
	return b
}

// leastMessage is the hidden size of the smallest preset model, in elements.
const leastMessage = 4096

// readNCCL reads the library's collectives. A message counts whole: (n-1)/n of
// it passes each link.
func readNCCL(c *columns, _ *scope) batch {
	var b batch
	operation, dtype := c.text("op_name"), c.text("nccl_dtype")
	size, ranks := c.positive("message_size"), c.positive("num_gpus")
	most := slices.Max(ranks)
	for i, seconds := range c.latency() {
		bytes := (ranks[i] - 1) / ranks[i] * size[i]
		if dtype[i] == "half" {
			bytes *= elementBytes
		}
		switch {
		case operation[i] == "all_reduce" || operation[i] == "alltoall":
			b.drop("NCCL " + operation[i] + ": engines use kernels of their own for it")
		case ranks[i] < most:
			b.drop("rings of fewer ranks: shorter latencies; gathers span the node")
		case size[i] < leastMessage:
			b.drop("messages below 4096 elements: less than one token")
		default:
			b.keep(sample{group: "all_gather", seconds: seconds, bytes: bytes})
		}
	}
	return b
}

// Bytes of a hidden value in a dispatch (FP8 with a 4-byte scale per 128) and
// in a combine (BF16), as DeepEP moves them.
const (
	dispatchBytes = 1 + 4.0/128
	combineBytes  = 2.0
)

const microsecond = 1e-6

// What the models have that are served with experts spread over many ranks.
const (
	leastTopK    = 6
	leastExperts = 256
)

// readDeepEP reads the low-latency kernels: every (token, expert) pair whose
// expert is elsewhere moves. Over several nodes what leaves the node counts.
func readDeepEP(c *columns, s *scope) batch {
	var b batch
	nodes, tokens, hidden := c.positive("node_num"), c.positive("num_token"), c.positive("hidden_size")
	topK, experts := c.positive("num_topk"), c.positive("num_experts")
	dispatch, combine := c.positive("dispatch_avg_t_us"), c.positive("combine_avg_t_us")
	for i := range tokens {
		prefix, away := "", 1-1/s.nodeSize()
		if nodes[i] > 1 {
			prefix, away = "remote_", 1-1/nodes[i]
		}
		if topK[i] < leastTopK || experts[i] < leastExperts {
			b.drop(fmt.Sprintf("below top-%d of %d experts: smaller models are not spread so wide", leastTopK, leastExperts))
			continue
		}
		pairs := tokens[i] * topK[i] * away * hidden[i]
		b.keep(sample{group: prefix + "dispatch", seconds: dispatch[i] * microsecond, bytes: pairs * dispatchBytes})
		b.keep(sample{group: prefix + "combine", seconds: combine[i] * microsecond, bytes: pairs * combineBytes})
	}
	return b
}

// Of the high-throughput kernels: the number of cores that engines set aside for
// them (DeepEP's default), and the widest measured cluster that ran as its
// neighbours do. On eight nodes twice the time of four was measured for the
// bytes of 1.7.
const (
	bulkCores = 20
	bulkNodes = 4
)

// readBulk reads the high-throughput kernels over several nodes: a token crosses
// once to every node that holds any of its experts, and is forwarded inside.
func readBulk(c *columns, _ *scope) batch {
	var b batch
	nodes, tokens, hidden := c.positive("node_num"), c.positive("num_token"), c.positive("hidden_size")
	topK, cores := c.positive("num_topk"), c.positive("dispatch_sms")
	dispatch, combine := c.positive("dispatch_transmit_us"), c.positive("combine_transmit_us")
	notifyDispatch, notifyCombine := c.number("dispatch_notify_us"), c.number("combine_notify_us")
	for i := range tokens {
		switch {
		case nodes[i] == 1:
			b.drop("one node: inside a domain the low-latency kernels stand for both")
			continue
		case nodes[i] > bulkNodes:
			b.drop(fmt.Sprintf("more than %d nodes: a cluster run that is broken", bulkNodes))
			continue
		case cores[i] != bulkCores:
			b.drop(fmt.Sprintf("not on %d cores, which engines set aside", bulkCores))
			continue
		}
		values := tokens[i] * hidden[i] * ranksHit(nodes[i], topK[i]) * (1 - 1/nodes[i])
		b.keep(sample{group: "remote_bulk_dispatch", seconds: (dispatch[i] + notifyDispatch[i]) * microsecond,
			bytes: values * dispatchBytes})
		b.keep(sample{group: "remote_bulk_combine", seconds: (combine[i] + notifyCombine[i]) * microsecond,
			bytes: values * combineBytes})
	}
	return b
}

// nodeSize is the number of accelerators of one node in the tables: trays of
// four where the accelerator sits beside a Grace CPU, else boards of eight.
func (s *scope) nodeSize() float64 {
	if strings.HasPrefix(s.accelerator.Name, "gb") {
		return 4
	}
	return 8
}

// readAllToAll reads TensorRT-LLM's NVLink kernels. A token is sent once to
// every other rank that holds one of its experts.
func readAllToAll(c *columns, _ *scope) batch {
	var b batch
	operation, kernel, dtype := c.text("op_name"), c.text("kernel_source"), c.text("moe_dtype")
	tokens, hidden := c.positive("num_tokens"), c.positive("hidden_size")
	topK, ranks := c.positive("topk"), c.positive("moe_ep_size")
	for i, seconds := range c.latency() {
		values := tokens[i] * hidden[i] * ranksHit(ranks[i], topK[i]) * (1 - 1/ranks[i])
		switch {
		case kernel[i] != "NVLinkOneSided":
			b.drop("kernel " + kernel[i] + ": the older of two")
		case operation[i] == "alltoall_dispatch":
			b.keep(sample{group: "dispatch", seconds: seconds, bytes: values * storedBytes(dtype[i])})
		case operation[i] == "alltoall_combine":
			b.keep(sample{group: "combine", seconds: seconds, bytes: values * combineBytes})
		default:
			b.drop(operation[i] + ": a step or variant that no preset engine runs")
		}
	}
	return b
}

// ranksHit is the mean number of ranks that hold a token's experts under
// uniform routing: modelling.md eq. (9).
func ranksHit(ranks, topK float64) float64 {
	return ranks * hardware.SentShare(ranks, topK)
}

func storedBytes(dtype string) float64 {
	switch dtype {
	case "bfloat16":
		return hardware.BytesPerWeight(hardware.BF16)
	case "nvfp4":
		return hardware.BytesPerWeight(hardware.NVFP4)
	}
	return dispatchBytes
}

func fitCollectives(k *hardware.KernelSet, s *scope, group string, samples []sample) {
	two := group == "all_reduce" || group == "all_gather"
	*collectiveOf(k, group) = fitCollective(s.linkOf(group), samples, two)
}

func priceCollective(k *hardware.KernelSet, s *scope, x *sample) (float64, bool) {
	c := collectiveOf(k, x.group)
	return c.Seconds(x.bytes, s.linkOf(x.group)), c.Efficiency > 0
}

func (s *scope) linkOf(group string) units.ByteRate {
	if strings.HasPrefix(group, "remote_") {
		return s.accelerator.ScaleOut
	}
	return s.accelerator.ScaleUp
}

// collectiveNames are the measured collectives of a preset.
func collectiveNames() []string {
	return []string{"all_reduce", "all_gather", "dispatch", "combine", "remote_dispatch", "remote_combine",
		"remote_bulk_dispatch", "remote_bulk_combine"}
}

// collectiveOf is the field of the preset with the group's name.
func collectiveOf(k *hardware.KernelSet, group string) *hardware.Collective {
	switch group {
	case "all_reduce":
		return &k.AllReduce
	case "all_gather":
		return &k.AllGather
	case "dispatch":
		return &k.Dispatch
	case "combine":
		return &k.Combine
	case "remote_dispatch":
		return &k.RemoteDispatch
	case "remote_combine":
		return &k.RemoteCombine
	case "remote_bulk_dispatch":
		return &k.RemoteBulkDispatch
	case "remote_bulk_combine":
		return &k.RemoteBulkCombine
	}
	return &k.Transfer
}
