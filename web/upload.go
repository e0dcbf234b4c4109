package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"agentsim/ask"
)

// longestUpload is what is read of files that somebody drops, all together.
const longestUpload = 256 << 20

// dropped is files that came with a request.
type dropped struct {
	RawBody huma.MultipartFormFiles[struct {
		Files    []huma.FormFile `form:"files" required:"true"`
		Scenario string          `form:"scenario" doc:"of which these sessions become the workload, as YAML"`
	}]
}

// uploads adds the operations on files that people drop. They lie in a folder of
// their own while they are read, and are gone afterwards.
func uploads(api huma.API, c *counter) {
	stats := operation(http.MethodPost, "trace-stats", "The shape of dropped sessions")
	stats.MaxBodyBytes = longestUpload
	huma.Register(api, stats, func(ctx context.Context, d *dropped) (*body[*ask.TraceStats], error) {
		return withFiles(ctx, c, d, func(_ context.Context, desk *ask.Desk, folder string) (*ask.TraceStats, error) {
			return desk.TraceStats(&ask.TraceQuestion{Paths: []string{folder}})
		})
	})
	like := operation(http.MethodPost, "agents-like", "How many agents like the dropped sessions, by the analytic model")
	like.MaxBodyBytes = longestUpload
	huma.Register(api, like, func(ctx context.Context, d *dropped) (*body[*ask.Answer], error) {
		scenario := d.RawBody.Data().Scenario
		return withFiles(ctx, c, d, func(ctx context.Context, desk *ask.Desk, folder string) (*ask.Answer, error) {
			a, err := desk.Estimate(ctx, &ask.EstimateQuestion{Question: ask.Question{YAML: scenario,
				Set: []string{"workload.trace=" + folder}}})
			if err == nil {
				hide(a, folder)
			}
			return a, err
		})
	})
	table := operation(http.MethodPost, "table", "The results of a study from a dropped Parquet file")
	table.MaxBodyBytes = longestUpload
	huma.Register(api, table, func(ctx context.Context, d *dropped) (*body[*ask.Table], error) {
		inside, leave, err := c.enter(ctx)
		if err != nil {
			return nil, failed(err)
		}
		defer leave()
		files := d.RawBody.Data().Files
		if len(files) != 1 || inside.Err() != nil {
			return nil, failed(fmt.Errorf("files: %d; want one", len(files)))
		}
		content, err := io.ReadAll(files[0])
		if err != nil {
			return nil, failed(err)
		}
		t, err := ask.TableOf(content)
		if err != nil {
			return nil, failed(err)
		}
		return &body[*ask.Table]{t}, nil
	})
}

// withFiles answers a question about dropped files.
func withFiles[A any](ctx context.Context, c *counter, d *dropped,
	answer func(context.Context, *ask.Desk, string) (A, error)) (*body[A], error) {
	inside, leave, err := c.enter(ctx)
	if err != nil {
		return nil, failed(err)
	}
	defer leave()
	root, err := os.MkdirTemp("", "agentsim-dropped-")
	if err != nil {
		return nil, failed(err)
	}
	defer os.RemoveAll(root)
	for i, f := range d.RawBody.Data().Files {
		if err := keep(root, i, f.File, f.Filename); err != nil {
			return nil, failed(err)
		}
	}
	desk := c.desk
	desk.Allow = func(path string) error { // what was dropped, and nothing else
		if path != root {
			return fmt.Errorf("files are not read here")
		}
		return nil
	}
	a, err := answer(inside, &desk, root)
	if err != nil {
		return nil, failed(&hidden{err, root})
	}
	return &body[A]{a}, nil
}

// hide takes a folder of this machine out of an answer.
func hide(a *ask.Answer, folder string) {
	a.Inputs.Workload = strings.ReplaceAll(a.Inputs.Workload, folder, "dropped")
	for _, texts := range [][]string{a.Inputs.Overrides, a.Warnings} {
		for i := range texts {
			texts[i] = strings.ReplaceAll(texts[i], folder, "dropped")
		}
	}
}

// keep stores a dropped file under the last part of its name.
func keep(root string, number int, in multipart.File, name string) error {
	name = filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	folder := filepath.Join(root, fmt.Sprintf("%04d", number)) // two may have one name
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	if strings.HasPrefix(name, ".") || name == "" || strings.ContainsRune(name, 0) {
		name = "file"
	}
	var content bytes.Buffer
	if _, err := io.Copy(&content, in); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), content.Bytes(), 0o600)
}
