package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"agentsim/ask"
	"agentsim/configs"
)

// register adds the operations to a mux.
func register(mux *http.ServeMux, c *counter) {
	config := huma.DefaultConfig("agentsim", c.desk.Version)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = "/api/openapi"
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", named)
	api := humago.New(mux, config)
	desk := &c.desk
	huma.Register(api, operation(http.MethodGet, "catalogue", "What comes with the program, by name"),
		func(context.Context, *struct{}) (*body[*ask.Catalogue], error) {
			return &body[*ask.Catalogue]{desk.Catalogue()}, nil
		})
	huma.Register(api, operation(http.MethodGet, "fields", "What every field of a scenario means"),
		func(context.Context, *struct{}) (*body[*ask.Fields], error) {
			return &body[*ask.Fields]{desk.Fields()}, nil
		})
	huma.Register(api, operation(http.MethodGet, "schema", "The JSON Schema of a scenario"),
		func(context.Context, *struct{}) (*plain, error) {
			text, err := configs.Schema[configs.Scenario](configs.Presets())
			return &plain{ContentType: "application/schema+json", Body: text}, failed(err)
		})
	post(api, c, "preset", "A preset or scenario, with the source of every number", quick(desk.Preset))
	post(api, c, "field", "What a field of a scenario means", quick(desk.Field))
	post(api, c, "values", "What stands at paths of a scenario", quick(desk.Values))
	post(api, c, "differences", "The fields in which two scenarios differ", quick(desk.Differences))
	post(api, c, "edit", "A scenario's text with one field set", quick(desk.Edit))
	post(api, c, "estimate", "How many agents, by the analytic model", desk.Estimate)
	post(api, c, "explain", "Where time, memory and watts go", desk.Explain)
	stream(api, c, "capacity", "How many agents, by simulation", desk.Capacity)
	stream(api, c, "run", "Simulate a fixed number of agents", desk.Run)
	stream(api, c, "compare", "Why one scenario holds more agents than another", desk.Compare)
	stream(api, c, "plan", "Which systems serve the most agents within a budget", desk.Plan)
	uploads(api, c)
	studies(api, c)
}

// quick is an answer that takes no time.
func quick[Q, A any](answer func(*Q) (A, error)) func(context.Context, *Q) (A, error) {
	return func(_ context.Context, q *Q) (A, error) { return answer(q) }
}

// post adds an operation that is answered at once.
func post[Q, A any](api huma.API, c *counter, name, summary string, answer func(context.Context, *Q) (A, error)) {
	huma.Register(api, operation(http.MethodPost, name, summary),
		func(ctx context.Context, q *body[Q]) (*body[A], error) {
			inside, leave, err := c.enter(ctx)
			if err != nil {
				return nil, failed(err)
			}
			defer leave()
			a, err := answer(inside, &q.Body)
			if err != nil {
				return nil, failed(err)
			}
			return &body[A]{a}, nil
		})
}
