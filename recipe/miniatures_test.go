package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/serve"
)

// expected is the right reading of a miniature.
type expected struct {
	OK       *bool            `json:"ok"`
	Files    []string         `json:"files"`
	Errors   []expectedError  `json:"errors"`
	Warnings []expectedError  `json:"warnings"`
	Variants []map[string]any `json:"variants"`
	Base     []map[string]any `json:"by_request"`
	Silent   []string         `json:"meaningless"`
}

type expectedError struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Key  string `json:"key"`
	Says string `json:"says"`
}

func TestMiniaturesReadAsTheyShould(t *testing.T) {
	for _, path := range miniatures(t) {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			text, err = yaml.YAMLToJSON(text)
			require.NoError(t, err)
			var want expected
			require.NoError(t, json.Unmarshal(text, &want))
			var all map[string]any
			require.NoError(t, json.Unmarshal(text, &all))
			in := open(t, dir, want.Files)
			got, err := Read(in, Options{})
			if want.OK != nil {
				requireFaults(t, &want, err)
				return
			}
			require.NoError(t, err)
			require.Empty(t, got.NotRead)
			for _, v := range want.Variants {
				name := v["name"].(string)
				one, err := Read(in, Options{Variant: name})
				require.NoError(t, err)
				delete(v, "name")
				requireReading(t, v, one)
				i := slices.IndexFunc(got.Variants, func(v Variant) bool { return v.Name == name })
				require.GreaterOrEqual(t, i, 0, name)
				requireReading(t, v, got.Variants[i])
			}
			for _, v := range want.Base {
				one, err := Read(in, Options{Variant: v["name"].(string)})
				require.NoError(t, err)
				delete(v, "name")
				requireReading(t, v, one)
			}
			for _, key := range []string{"case", "files", "variants", "by_request", "meaningless", "nodes", "or_error", "note"} {
				delete(all, key)
			}
			requireReading(t, all, got)
			if want.Variants == nil {
				var d serve.DeploymentSpec
				require.NoError(t, yaml.UnmarshalWithOptions(got.Deployment, &d, yaml.Strict()))
				require.NoError(t, d.Validate())
				require.Equal(t, got.Accelerators, d.Accelerators())
			}
		})
	}
}

func open(t *testing.T, dir string, names []string) []File {
	var in []File
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		in = append(in, File{Name: filepath.Join(dir, name), Text: text})
	}
	return in
}

func requireFaults(t *testing.T, want *expected, err error) {
	var faults Errors
	require.True(t, errors.As(err, &faults))
	for _, e := range append(want.Errors, want.Warnings...) {
		found := slices.ContainsFunc(faults, func(err error) bool {
			f, ok := err.(fault)
			return ok && (e.File == "" || f.at.file == e.File) && (e.Line == 0 || f.at.line == e.Line) &&
				(e.Key == "" || f.at.key == e.Key) && regexp.MustCompile(e.Says).MatchString(f.Error())
		})
		require.True(t, found, "%+v in %v", e, err)
	}
	require.Len(t, faults, len(want.Errors)+len(want.Warnings))
}

// requireReading holds a result against what was expected of it. Null and
// absent are the same.
func requireReading(t *testing.T, want map[string]any, got any) {
	text, err := json.Marshal(got)
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(text, &tree))
	for key, v := range want {
		requireSame(t, key, v, tree[key])
	}
}

func requireSame(t *testing.T, path string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		inner, _ := got.(map[string]any)
		for key, v := range want {
			requireSame(t, path+"."+key, v, inner[key])
		}
	case string:
		require.Equal(t, want, fmt.Sprint(got), path)
	default:
		require.Equal(t, want, got, path)
	}
}

// A recipe says the same in other spellings: with underscores, flags with an
// equals sign, Windows line ends, comments, and numbers as texts.
func TestSpellingsSayTheSame(t *testing.T) {
	flagAndValue := regexp.MustCompile(`( --?[a-z][-a-z._]+) ([0-9.]+|[a-z_0-9]+)( |$)`)
	number := regexp.MustCompile(`(?m)^(\s+[-_a-z]+): ([0-9.]+)$`)
	key := regexp.MustCompile(`(?m)^      +[-a-z]+:`)
	rewrites := map[string]func(name, text string) string{
		"equals": func(name, text string) string {
			if filepath.Ext(name) != ".txt" {
				return text
			}
			return flagAndValue.ReplaceAllString(flagAndValue.ReplaceAllString(text, "$1=$2$3"), "$1=$2$3")
		},
		"underscores": func(_, text string) string {
			return key.ReplaceAllStringFunc(text, func(k string) string { return strings.ReplaceAll(k, "-", "_") })
		},
		"texts": func(name, text string) string {
			if name != "recipe.yaml" {
				return text
			}
			return number.ReplaceAllString(text, `$1: "$2" # a comment`)
		},
		"line ends": func(name, text string) string {
			if filepath.Ext(name) == ".sh" || filepath.Ext(name) == ".txt" {
				return "# a comment\n\n" + text + "\n# another\n"
			}
			return "# a comment\r\n" + strings.ReplaceAll(text, "\n", "\r\n")
		},
		"mark": func(_, text string) string { return "\ufeff" + text },
	}
	for _, path := range miniatures(t) {
		dir := filepath.Dir(path)
		if strings.HasPrefix(filepath.Base(dir), "bad-") {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var want struct{ Files []string }
		require.NoError(t, yaml.Unmarshal(text, &want))
		in := open(t, dir, want.Files)
		plain, err := Read(in, Options{})
		require.NoError(t, err)
		for name, rewrite := range rewrites {
			var other []File
			for _, f := range in {
				changed := rewrite(filepath.Base(f.Name), string(f.Text))
				other = append(other, File{Name: f.Name, Text: []byte(changed)})
			}
			got, err := Read(other, Options{})
			require.NoError(t, err, "%s %s", dir, name)
			require.Equal(t, plain.Pools, got.Pools, "%s %s", dir, name)
			require.Equal(t, plain.Variants, got.Variants, "%s %s", dir, name)
			require.Equal(t, plain.Router, got.Router, "%s %s", dir, name)
		}
	}
}
