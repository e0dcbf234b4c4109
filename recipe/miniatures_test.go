package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
