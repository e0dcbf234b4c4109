package recipe

import (
	"strings"
)

// Router is who sends requests to workers. Weights of scorers are by role.
type Router struct {
	Kind            string   `json:"kind"` // none | dynamo | sglang | trtllm-serve | llm-d | nginx …
	Policy          *string  `json:"policy"`
	Temperature     *float64 `json:"temperature,omitempty"`
	Events          bool     `json:"events,omitempty"`
	AffinitySeconds *int     `json:"affinity_seconds,omitempty"`
	BlockTokens     *int     `json:"block_tokens,omitempty"`
	Frontends       int      `json:"frontends,omitempty"`
	Prefill         any      `json:"prefill,omitempty"` // weights of scorers, or a policy
	Decode          any      `json:"decode,omitempty"`
	Pick            string   `json:"pick,omitempty"`
	AlwaysSplit     bool     `json:"always_split,omitempty"`
}

// routerCommand reads the arguments of a router.
func (r *reader) routerCommand(from start, c command, mounts func(string) (*value, bool)) {
	if !r.valued(routers, from.args, c) {
		return
	}
	s := newSettings(routers, &r.log)
	r.arguments(s, from, c.at.file)
	r.router.Kind = from.router
	defer s.finish()
	switch from.router {
	case "dynamo":
		r.dynamoRouter(s, c.env)
		return
	case "trtllm-serve":
		r.disaggregated(s, mounts)
		return
	}
	if policy := s.text("policy"); policy != "" {
		r.router.Policy = &policy
	}
	r.served(s)
	for _, role := range []string{"prefill", "decode"} {
		if policy := s.text(role + "-policy"); policy != "" && role == "prefill" {
			r.router.Prefill = policy
		} else if policy != "" {
			r.router.Decode = policy
		}
	}
}

// served notes which ports a router knows as prefill and which as decode.
func (r *reader) served(s *settings) {
	ports := map[string]string{}
	for role, keys := range map[string][]string{
		"prefill": {"prefill", "prefiller-ports", "prefiller-port"}, "decode": {"decode", "decoder-ports", "decoder-port"},
	} {
		for _, key := range keys {
			for _, item := range s.node(key).list() {
				text := item.string()
				port := strings.TrimRight(text[strings.LastIndex(text, ":")+1:], "/")
				if old, ok := ports[port]; ok && old != role {
					return // on several hosts: the port says nothing
				}
				ports[port] = role
			}
		}
	}
	if r.ports == nil {
		r.ports = ports
	}
}

// dynamoRouter reads the front end's flags, and the environment that stands for
// them.
func (r *reader) dynamoRouter(s *settings, env map[string]string) {
	router := &r.router
	router.Kind = "dynamo"
	if mode := s.text("router-mode"); mode != "" {
		router.Policy = &mode
	} else if mode := env["DYN_ROUTER_MODE"]; mode != "" {
		router.Policy = &mode
	}
	if t := s.float("router-temperature"); t != nil {
		router.Temperature = t
	}
	if n := s.number("router-session-affinity-ttl-secs", 0); n != nil {
		router.AffinitySeconds = n
	}
	if n := s.number("kv-cache-block-size", 1); n != nil {
		router.BlockTokens = n
	} else if n, ok := wholeNumber(env["DYN_KV_CACHE_BLOCK_SIZE"]); ok {
		router.BlockTokens = &n
	}
	if s.on("no-kv-events") || offered(s.truth("kv-events")) {
		router.Events = false
		r.noEvents = true
	}
}

// disaggregated reads the configuration of trtllm-serve disaggregated.
func (r *reader) disaggregated(s *settings, mounts func(string) (*value, bool)) {
	file := s.text("c", "config-file", "config")
	config, ok := r.configuration(file, s.at("c", "config-file", "config"), mounts)
	if !ok {
		return
	}
	r.orchestrator(config)
}

func (r *reader) orchestrator(config *value) {
	r.router.Kind = "trtllm-serve"
	context, generation := config.get("context_servers"), config.get("generation_servers")
	if policy := context.get("router", "type").string(); policy != "" {
		r.router.Prefill = policy
	}
	if policy := generation.get("router", "type").string(); policy != "" {
		r.router.Decode = policy
	}
	r.ports = map[string]string{}
	for role, servers := range map[string]*value{"prefill": context, "decode": generation} {
		for _, url := range servers.get("urls").list() {
			text := url.string()
			r.ports[text[strings.LastIndex(text, ":")+1:]] = role
		}
	}
	r.inline = config
}

// inlineServers makes workers of the servers that an orchestrator starts
// itself, where no command does.
func (r *reader) inlineServers(config *value) {
	for _, f := range []struct{ role, key string }{{"prefill", "context_servers"}, {"decode", "generation_servers"}} {
		servers := config.get(f.key)
		if servers == nil {
			continue
		}
		l := &launch{
			family:   trtllm,
			settings: newSettings(trtllm, &r.log),
			role:     f.role,
			at:       servers.at,
			workers:  servers.get("num_instances").integerOr(1),
		}
		for _, shared := range config.fields {
			if strings.HasSuffix(shared.key, "_servers") {
				continue
			}
			at := shared.value.at
			at.key = shared.key
			l.settings.put(shared.key, shared.value, at)
		}
		for _, own := range servers.fields {
			if own.key == "num_instances" || own.key == "router" || own.key == "urls" {
				continue
			}
			at := own.value.at
			at.key = f.key + "." + own.key
			l.settings.put(own.key, own.value, at)
		}
		r.launches = append(r.launches, placed{l, true})
	}
}

// picker reads llm-d's EndpointPickerConfig: the weights of scorers by role.
func (r *reader) picker(config *value) {
	r.router.Kind, r.router.Policy = "llm-d", pointer("scorers")
	weights := map[string]map[string]any{}
	pick := ""
	for _, plugin := range config.get("plugins").list() {
		kind := plugin.get("type").string()
		if threshold, ok := plugin.get("parameters", "threshold").integer(); ok && threshold == 0 &&
			strings.Contains(kind, "pd-profile-handler") || kind == "always-disagg-pd-decider" {
			r.router.AlwaysSplit = true
		}
	}
	types := map[string]string{}
	for _, plugin := range config.get("plugins").list() {
		if name := plugin.get("name").string(); name != "" {
			types[name] = plugin.get("type").string()
		}
	}
	for _, profile := range config.get("schedulingProfiles").list() {
		scorers := map[string]any{}
		for _, plugin := range profile.get("plugins").list() {
			kind := plugin.get("pluginRef").string()
			if t := types[kind]; t != "" {
				kind = t
			}
			if name, ok := strings.CutSuffix(kind, "-scorer"); ok {
				weight := any(1)
				if v := plugin.get("weight"); v != nil {
					weight = numeric(v.string())
				}
				scorers[strings.TrimSuffix(name, "-utilization")] = weight
			}
			if name, ok := strings.CutSuffix(kind, "-picker"); ok {
				pick = name
			}
		}
		weights[profile.get("name").string()] = scorers
	}
	if scorers, ok := weights["prefill"]; ok {
		r.router.Prefill = scorers
	}
	for _, name := range []string{"decode", "default"} {
		if scorers, ok := weights[name]; ok && r.router.Decode == nil {
			r.router.Decode = scorers
		}
	}
	r.router.Pick = pick
}
