package recipe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds are the files of the miniatures by their ends, and the varied recipes.
func seeds(f *testing.F, ends ...string) {
	for _, end := range ends {
		names, err := filepath.Glob(filepath.Join("..", "..", "shared", "recipes", "*", "*"+end))
		require.NoError(f, err)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(f, err)
			f.Add(string(text))
		}
	}
	for _, c := range varied() {
		for _, file := range files(c.text) {
			f.Add(string(file.Text))
		}
	}
	for _, c := range keptRecipes() {
		for _, file := range files(c.files) {
			f.Add(string(file.Text))
		}
	}
}

// requireSane holds what is true of any reading: pools in full, or one line a
// fault.
func requireSane(t *testing.T, r *Recipe, err error) {
	if err != nil {
		require.Nil(t, r)
		for _, line := range strings.Split(err.Error(), "\n") {
			require.NotEmpty(t, strings.TrimSpace(line))
		}
		return
	}
	for role, p := range r.Pools {
		require.Contains(t, []string{"prefill", "decode", "mixed"}, role)
		require.GreaterOrEqual(t, p.Workers, 1)
		require.GreaterOrEqual(t, p.Ranks, 1)
		require.GreaterOrEqual(t, p.AcceleratorsPerWorker, 1)
		require.GreaterOrEqual(t, p.AcceleratorsPerRank, 1)
		for _, n := range []*int{p.TokenBudgetPerRank, p.MaxBatchPerRank} {
			require.True(t, n == nil || *n >= 1)
		}
	}
}

// FuzzManifest reads any text as YAML of a recipe.
func FuzzManifest(f *testing.F) {
	seeds(f, ".yaml")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read([]File{{Name: "recipe.yaml", Text: []byte(text)}}, Options{})
		requireSane(t, r, err)
	})
}

// FuzzScript reads any text as a script.
func FuzzScript(f *testing.F) {
	seeds(f, ".sh", ".txt")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read([]File{{Name: "serve.sh", Text: []byte(text)}}, Options{})
		requireSane(t, r, err)
	})
}

// FuzzEnvironment reads any text as the environment of a compose file.
func FuzzEnvironment(f *testing.F) {
	f.Add("SEQS=200\n# comment\nexport A='b'\n")
	f.Fuzz(func(t *testing.T, text string) {
		compose := "services: {a: {image: 'vllm/vllm-openai:v1', command: ['--model', 'm', '--max-num-seqs', '${SEQS:-8}']}}"
		r, err := Read([]File{{Name: ".env", Text: []byte(text)}, {Name: "compose.yaml", Text: []byte(compose)}}, Options{})
		requireSane(t, r, err)
	})
}
