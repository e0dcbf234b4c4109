package experiment

import (
	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

// prefixLost says why prompt tokens were not found, as shares of all of them.
func prefixLost(missed [serve.Causes]int64, input int64) metrics.PrefixLost {
	share := func(cause int) float64 { return float64(missed[cause]) / float64(max(1, input)) }
	return metrics.PrefixLost{
		NeverSeen:     share(serve.NeverSeen),
		PromptChanged: share(serve.PromptChanged),
		Evicted:       share(serve.Evicted),
		NoCheckpoint:  share(serve.NoCheckpoint),
		OtherWorker:   share(serve.OtherWorker),
		NotKept:       share(serve.NotKept),
	}
}

// prompts is where the tokens of prompts came from, by worker.
func (p *phase) prompts(s *configs.Scenario, cfg *serve.Config) *metrics.Prompts {
	all := &metrics.Prompts{ByWorker: []metrics.WorkerPrompts{}, RealisedHit: s.Deployment.Cache.RealisedHit}
	specs, err := cfg.CacheSpecs()
	worker := 0
	for i, pool := range s.Deployment.Pools() {
		for n := range pool.Workers {
			of := &p.sum.Work[worker].Prompts
			worker++
			if !pool.Prefills() {
				continue
			}
			w := metrics.WorkerPrompts{
				Pool:        pool.Name,
				Worker:      n,
				InputTokens: of.Input,
				HitRate:     float64(of.Hit) / float64(max(1, of.Input)),
				Lost:        prefixLost(of.Missed, of.Input),
			}
			for j, tokens := range of.Evicted {
				if err != nil || tokens == 0 {
					continue // nothing that had no room
				}
				if w.EvictedByPool == nil {
					w.EvictedByPool = map[string]float64{}
				}
				w.EvictedByPool[specs[i].Pools[j].Name] += float64(tokens) / float64(of.Input)
			}
			all.ByWorker = append(all.ByWorker, w)
		}
	}
	return all
}

// promptSeries is the same of every slice that counts, all workers together.
func (p *phase) promptSeries() []metrics.PromptSample {
	var list []metrics.PromptSample
	for i := p.window.cut; i < len(p.window.slices); i++ {
		t := &p.window.slices[i].tally
		list = append(list, metrics.PromptSample{
			FromS:       p.window.begin(i),
			ToS:         p.window.slices[i].to,
			InputTokens: t.InputTokens,
			HitRate:     float64(t.HitTokens) / float64(max(1, t.InputTokens)),
			Lost:        prefixLost(t.Missed, t.InputTokens),
		})
	}
	return list
}
