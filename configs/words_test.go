package configs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/scenarios"
)

// commentsOf reads what Go says beside the fields of the types that a scenario
// is made of: by package.Type.Field, in one line.
func commentsOf(t *testing.T) map[string]string {
	t.Helper()
	words := map[string]string{}
	read := map[string]bool{}
	for _, f := range configs.ScenarioFields() {
		for _, at := range packagesOf(f.Type) {
			if read[at] || !strings.HasPrefix(at, "agentsim/") {
				continue
			}
			read[at] = true
			readComments(t, filepath.Join("..", strings.TrimPrefix(at, "agentsim/")), path.Base(at), words)
		}
	}
	readComments(t, ".", "configs", words)
	return words
}

// packagesOf are those of a type and of what it is made of.
func packagesOf(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return packagesOf(t.Elem())
	case reflect.Struct:
		list := []string{t.PkgPath()}
		for i := range t.NumField() {
			if f := t.Field(i); f.Anonymous {
				list = append(list, packagesOf(f.Type)...)
			}
		}
		return list
	}
	return []string{t.PkgPath()}
}

func readComments(t *testing.T, dir, pkg string, words map[string]string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return false
			}
			for _, f := range fields.Fields.List {
				text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
				for _, name := range f.Names {
					words[pkg+"."+spec.Name.Name+"."+name.Name] = text
				}
			}
			return false
		})
	}
}

// Every field has a word: the table is what the comments beside the fields say,
// with what stands in words.yaml for fields that have none. UPDATE_GOLDEN=1
// writes it anew.
func TestEveryFieldHasAWord(t *testing.T) {
	comments, more := commentsOf(t), configs.MoreWords()
	var table, missing []string
	used := map[string]bool{}
	for _, f := range configs.ScenarioFields() {
		if f.Word == "" || used[f.Word] {
			continue
		}
		used[f.Word] = true
		text, said := comments[f.Word], more[f.Word]
		require.False(t, text != "" && said != "", "%s is explained by its comment and in words.yaml: want one of them", f.Word)
		if text == "" {
			text = said
		}
		if text == "" {
			missing = append(missing, f.Word+": # "+f.Path+" ("+f.Form+")")
		}
		table = append(table, f.Word+"\t"+text)
	}
	require.Empty(t, missing, "fields without a word: write a comment beside them, or a line in configs/words.yaml\n%s",
		strings.Join(missing, "\n"))
	for word := range more {
		require.True(t, used[word], "words.yaml explains %s, which is no field", word)
	}
	slices.Sort(table)
	want := strings.Join(table, "\n") + "\n"
	const file = "words.tsv"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "words.tsv is not what the comments say: run UPDATE_GOLDEN=1 go test ./configs")
}

// docs/REFERENCE.md is what the fields say.
func TestTheReferenceIsTrue(t *testing.T) {
	const file = "../docs/REFERENCE.md"
	want := configs.Reference()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o600))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, want == string(got), "docs/REFERENCE.md is not what the fields say: run UPDATE_GOLDEN=1 go test ./configs")
}

// A built-in scenario is explained wherever it says something.
func TestEveryWrittenFieldIsExplained(t *testing.T) {
	s, p, err := configs.LoadScenario(rackSource(), nil)
	require.NoError(t, err)
	require.NotNil(t, s)
	for _, f := range p.Fields() {
		if strings.HasSuffix(f.Path, "]") || strings.Contains(f.Path, ".sources") {
			continue
		}
		_, err := configs.MeaningOf(f.Path)
		var fault *configs.Error
		if err != nil {
			require.ErrorAs(t, err, &fault)
			require.Contains(t, err.Error(), "an entry or an item", f.Path)
		}
	}
	for path, want := range map[string]string{"system.accelerator.scale_up": "one way",
		"workload.turns.median": "lognormal", "kernels.gemm.fp8.floor": "least time", "deployment.batching": "mixed"} {
		m, err := configs.MeaningOf(path)
		require.NoError(t, err)
		require.Contains(t, m.Meaning, want)
	}
	_, err = configs.MeaningOf("system.acelerator")
	require.ErrorContains(t, err, "did you mean accelerator?")
}

// A bandwidth that does not say its direction is a trap of factor 2.
func TestEveryBandwidthSaysItsDirection(t *testing.T) {
	direction := regexp.MustCompile(`one way|each way|one direction|both directions|towards`)
	for _, f := range configs.ScenarioFields() {
		if f.Unit == "B/s" && f.Word != "" {
			require.Regexp(t, direction, configs.Explain(f).Meaning, f.Path)
		}
	}
}

func rackSource() configs.Source {
	return configs.Source{Name: "gb300-agentperf-slo20", FS: scenarios.FS}
}
