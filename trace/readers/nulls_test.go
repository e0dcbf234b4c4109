package readers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// withNull calls each while one value of a document after the other is null.
func withNull(value any, path string, each func(path string)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			inner := v[key]
			v[key] = nil
			each(path + "." + key)
			v[key] = inner
			withNull(inner, path+"."+key, each)
		}
	case []any:
		for _, inner := range v {
			withNull(inner, path+"[]", each)
		}
	}
}

// Null is absent, wherever it stands: only the name of a record may be asked for.
func TestNullsInToolLogs(t *testing.T) {
	for _, m := range toolMiniatures() {
		text, err := os.ReadFile(toolPath(m.path))
		if err != nil || !strings.Contains(filepath.Base(m.path), ".json") {
			continue
		}
		var records []any
		for d := json.NewDecoder(bytes.NewReader(text)); ; {
			var record any
			if err := d.Decode(&record); errors.Is(err, io.EOF) {
				break
			}
			records = append(records, record)
		}
		for i := range records {
			withNull(records[i], m.path, func(path string) {
				var out bytes.Buffer
				for _, record := range records {
					line, err := json.Marshal(record)
					require.NoError(t, err)
					out.Write(append(line, '\n'))
				}
				tr, err := OpenAll([]string{write(t, "x.jsonl", out.String())}, Options{Format: m.format})
				require.NoError(t, err, path)
				for {
					var c trace.Call
					err := tr.Read(&c)
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						require.Regexp(t, "missing; want|holds no calls; want|as many of both", err.Error(), path)
						break
					}
					requireSound(t, c)
				}
				require.NoError(t, tr.Close())
			})
		}
	}
}
