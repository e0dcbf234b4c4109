package tree

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

type story struct {
	Name    string `yaml:"name"`
	Extends string `yaml:"extends,omitempty"`
	Rack    rack   `yaml:"rack"`
	Tuning  tuning `yaml:"tuning"`
	Agents  int    `yaml:"agents,omitempty"`
}

func (story) DefaultPresets(value func(string) string) []Preset {
	return study{}.DefaultPresets(value)
}

func stories() fs.FS {
	return fstest.MapFS{
		"plain.yaml":         {Data: []byte("{name: plain, rack: {preset: big-rack, chips: 5}, agents: 7}")},
		"more/chips.yaml":    {Data: []byte("{name: chips, extends: plain, rack: {chips: 9}}")},
		"more/deeper.yaml":   {Data: []byte("{name: deeper, extends: more/chips, rack: {chip: {memory: {capacity: 1TB}}}}")},
		"more/small.yaml":    {Data: []byte("{name: small, extends: plain, rack: small-rack}")},
		"ring.yaml":          {Data: []byte("{name: ring, extends: more/ring}")},
		"more/ring.yaml":     {Data: []byte("{name: ring, extends: ring}")},
		"more/lost.yaml":     {Data: []byte("{name: lost,\nextends: plian}")},
		"more/list.yaml":     {Data: []byte("{name: list, extends: [plain]}")},
		"more/wrong.yaml":    {Data: []byte("{name: wrong, extends: plain, rack: {chips: many}}")},
		"more/mistaken.yaml": {Data: []byte("{name: mistaken, extends: more/wrong}")},
	}
}

func loadStory(name string, sets ...string) (*story, error) {
	s, _, err := Load[story](testLibrary(), Source{Name: name, FS: stories()}, sets)
	return s, err
}

// What a configuration says lies over what the one it extends says, and sets
// lie over both.
func TestExtends(t *testing.T) {
	s, err := loadStory("more/chips")
	require.NoError(t, err)
	require.Equal(t, "chips", s.Name)
	require.Equal(t, "plain", s.Extends)
	require.Equal(t, 7, s.Agents, "of the one it extends")
	require.Equal(t, 9, s.Rack.Chips, "its own")
	require.Equal(t, "big", s.Rack.Chip.Name, "the preset stays under both")

	s, err = loadStory("more/deeper", "agents=8")
	require.NoError(t, err)
	require.Equal(t, 8, s.Agents)
	require.Equal(t, 9, s.Rack.Chips)
	require.EqualValues(t, 1e12, s.Rack.Chip.Memory.Capacity)

	s, err = loadStory("more/small")
	require.NoError(t, err)
	require.Equal(t, 8, s.Rack.Chips, "a preset named anew replaces all")
}

func TestExtendsAFileBesideIt(t *testing.T) {
	files := map[string]string{
		"dir/one.yaml":     "{name: one, extends: sub/two.yaml}",
		"dir/sub/two.yaml": "{name: two, extends: plain, agents: 3}",
	}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	s, _, err := Load[story](testLibrary(), Source{Name: "dir/one.yaml", FS: stories(), ReadFile: read}, nil)
	require.NoError(t, err)
	require.Equal(t, 3, s.Agents)
	require.Equal(t, 5, s.Rack.Chips)
}

func TestExtendsGoneWrong(t *testing.T) {
	for name, want := range map[string]string{
		"ring":          "more/ring.yaml:1:23: extends ring: extends itself: ring.yaml → more/ring.yaml → ring.yaml",
		"more/lost":     "more/lost.yaml:2:10: extends plian: unknown name, did you mean plain?",
		"more/list":     "more/list.yaml:1:23: extends (a list): want the name",
		"more/wrong":    "more/wrong.yaml:1:45: rack.chips many: want a whole number",
		"more/mistaken": "more/wrong.yaml:1:45: rack.chips many: want a whole number",
	} {
		_, err := loadStory(name)
		require.ErrorContains(t, err, want, name)
	}
}
