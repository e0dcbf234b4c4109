//go:build !js || readers

package llm

// vision counts the tower that turns images into tokens, from the fields by
// which Qwen and Kimi describe it: layers with a feed-forward network of two
// matrices, the patch and position embeddings, and what merges patches and
// widens them for the text model, once at the end and once for every layer
// whose output is handed over (deepstack). It is 0 where there is none, and
// where the tower is described in other words, which the note says.
func (m *hfImport) vision(c *hfConfig) float64 {
	tower := c.object("vision_config")
	if tower == nil {
		return 0
	}
	dimension := func(names ...string) float64 { return float64(tower.integerOr(0, names...)) }
	layers := dimension("depth", "vt_num_hidden_layers")
	hidden := dimension("hidden_size", "vt_hidden_size")
	inner := dimension("intermediate_size", "vt_intermediate_size")
	out := dimension("out_hidden_size", "text_hidden_size")
	if len(tower.faults) > 0 || layers*hidden*inner*out <= 0 {
		m.note("the vision tower is not counted")
		return 0
	}
	const (
		projections, matrices, colours = 4, 2, 3
		side                           = 2 // of the square of patches that are merged
	)
	heads := float64(tower.integerOr(int(hidden), "qkv_hidden_size"))
	layer := projections*hidden*heads + matrices*hidden*inner
	patch := dimension("patch_size")
	frames := max(1, dimension("temporal_patch_size"))
	positions := dimension("num_position_embeddings")
	if positions == 0 {
		positions = dimension("init_pos_emb_height") * dimension("init_pos_emb_width")
	}
	merged := side * side * hidden
	deepstack, _ := get[[]int](tower, "deepstack_visual_indexes", "a list of layers")
	mergers := float64(1+len(deepstack)) * (merged*merged + merged*out)
	return layers*layer + hidden*(colours*frames*patch*patch+positions) + mergers
}
