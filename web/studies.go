package web

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"agentsim/ask"
	"agentsim/experiment/sweep/results"
)

// study is one of a folder, and how far it is.
type study struct {
	Name     string `json:"name"`
	Complete bool   `json:"complete"`
}

// studies adds the operations on studies of the folder that the server was
// started with.
func studies(api huma.API, c *counter) {
	huma.Register(api, operation(http.MethodGet, "studies", "Studies that lie or run in the folder of --studies"),
		func(context.Context, *struct{}) (*body[[]study], error) {
			return &body[[]study]{list(c.studies)}, nil
		})
	one := operation(http.MethodGet, "study", "What a study has found so far")
	one.Path = "/api/studies/{name}"
	huma.Register(api, one, func(_ context.Context, q *struct {
		Name string `path:"name" maxLength:"200"`
	}) (*body[*ask.Table], error) {
		all := list(c.studies)
		if !slices.ContainsFunc(all, func(s study) bool { return s.Name == q.Name }) {
			return nil, failed(errors.New("no study of this name is in the folder"))
		}
		folder := filepath.Join(c.studies, q.Name)
		content, err := os.ReadFile(filepath.Join(folder, "results.parquet"))
		if err != nil {
			return nil, failed(&hidden{err, c.studies})
		}
		t, err := ask.TableOf(content)
		if err != nil {
			return nil, failed(&hidden{err, c.studies})
		}
		return &body[*ask.Table]{t}, nil
	})
}

// list is the studies of a folder, by name.
func list(folder string) []study {
	found := []study{}
	if folder == "" {
		return found
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return found
	}
	for _, entry := range entries {
		m, err := results.ReadManifest(filepath.Join(folder, entry.Name()))
		if entry.IsDir() && err == nil && m != nil {
			found = append(found, study{Name: entry.Name(), Complete: m.Complete()})
		}
	}
	return found
}
