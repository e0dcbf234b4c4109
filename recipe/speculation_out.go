package recipe

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"agentsim/models/step"
	"agentsim/serve"
)

// methodOf is what a draft is called in an engine; empty = it has no such kind.
func methodOf(family string, d *step.DraftSpec) string {
	name := strings.ToLower(d.Name)
	if name == "" {
		name = map[string]string{"": "mtp", step.RecurrentDraft: "mtp", step.BlockDraft: "dflash",
			step.LookupDraft: "ngram"}[d.Kind]
	}
	switch family {
	case vllm:
		if name == "nextn" {
			return "mtp"
		}
		return name
	case sglang:
		return map[string]string{"mtp": "NEXTN", "nextn": "NEXTN", "eagle": "EAGLE", "eagle3": "EAGLE3", "dflash": "DFLASH",
			"dspark": "DSPARK", "ngram": "NGRAM", "standalone": "STANDALONE"}[name]
	}
	return map[string]string{"mtp": "MTP", "nextn": "MTP", "eagle": "Eagle", "eagle3": "Eagle3", "dflash": "DFlash",
		"dspark": "DSpark", "pard": "PARD", "ngram": "NGram", "draft_target": "DraftTarget"}[name]
}

// vllmSpeculation is the speculative configuration of vLLM.
func vllmSpeculation(d *step.DraftSpec) string {
	config := map[string]any{"method": methodOf(vllm, d), "num_speculative_tokens": d.Depth}
	if length, err := strconv.ParseFloat(string(d.Accepted), 64); err == nil {
		config["rejection_sample_method"], config["synthetic_acceptance_length"] = "synthetic", length
	}
	if len(d.ByBatch) > 0 {
		config["num_speculative_tokens_per_batch_size"] = rangesOf(d)
	}
	text, err := json.Marshal(config)
	if err != nil {
		return ""
	}
	return string(text)
}

// rangesOf are depths by ranges of batches, from limits too.
func rangesOf(d *step.DraftSpec) map[string]int {
	ranges := map[string]int{}
	from := 1
	for _, key := range slices.SortedFunc(maps.Keys(d.ByBatch), byEnd) {
		if strings.Contains(key, "-") {
			ranges[key] = d.ByBatch[key]
			continue
		}
		ranges[strconv.Itoa(from)+"-"+key] = d.ByBatch[key]
		end, _ := strconv.Atoi(key)
		from = end + 1
	}
	if from > 1 {
		ranges[strconv.Itoa(from)+"-"+strconv.Itoa(largestBatch)] = 0
	}
	return ranges
}

// largestBatch is more sequences than any rank holds.
const largestBatch = 1 << 20

func byEnd(a, b string) int {
	end := func(key string) int {
		_, to, ranged := strings.Cut(key, "-")
		if !ranged {
			to = key
		}
		n, _ := strconv.Atoi(to)
		return n
	}
	return end(a) - end(b)
}

func sglangSpeculation(p serve.NamedPool) []option {
	d := p.Spec.Speculation()
	if !d.Drafts() {
		return nil
	}
	o := []option{{"speculative-algorithm", methodOf(sglang, &d)}}
	if d.Kind == step.BlockDraft || d.Kind == step.LookupDraft {
		return append(o, option{"speculative-num-draft-tokens", strconv.Itoa(d.Verified())})
	}
	return append(o, option{"speculative-num-steps", strconv.Itoa(d.Depth)}, option{"speculative-eagle-topk", "1"},
		option{"speculative-num-draft-tokens", strconv.Itoa(d.Verified())})
}

func trtllmSpeculation(p serve.NamedPool) []option {
	d := p.Spec.Speculation()
	if !d.Drafts() {
		return nil
	}
	method := methodOf(trtllm, &d)
	depth := "speculative_config.max_draft_len"
	if method == "MTP" {
		depth = "speculative_config.num_nextn_predict_layers"
	}
	o := []option{{"speculative_config.decoding_type", method}, {depth, strconv.Itoa(d.Depth)}}
	if len(d.ByBatch) == 0 {
		return o
	}
	schedule := map[string]int{}
	for key, n := range d.ByBatch {
		from, to, ranged := strings.Cut(key, "-")
		if !ranged {
			to = from
		}
		if n > 0 || to != strconv.Itoa(largestBatch) {
			schedule[to] = n
		}
	}
	var list []string
	for _, key := range slices.SortedFunc(maps.Keys(schedule), byEnd) {
		list = append(list, key+": "+strconv.Itoa(schedule[key]))
	}
	return append(o, option{"speculative_config.draft_len_schedule", "{" + strings.Join(list, ", ") + "}"})
}

// unlike says what of a draft an engine has no flag for; empty = all is there.
func unlike(family string, d *step.DraftSpec) (field, why string) {
	switch {
	case !d.Drafts():
	case methodOf(family, d) == "":
		return "draft.name", strconv.Quote(d.Name) + " has no name in " + family
	case family == sglang && len(d.ByBatch) > 0:
		return "draft.by_batch", "SGLang sets depths by batch itself: leave it out"
	case family != sglang && d.Verify > 0 && d.Verify != d.Depth+1:
		return "draft.verify", strconv.Itoa(d.Verify) + ": " + family + " verifies all drafts and one more token"
	}
	return "", ""
}
