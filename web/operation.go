package web

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// longestBody is what is read of a question: the longest text and its overrides.
const longestBody = 1 << 20

// body is a question or an answer as JSON.
type body[T any] struct{ Body T }

// named tells types of one name in several packages apart.
func named(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if pkg := path.Base(t.PkgPath()); t.Name() != "" && pkg != "." && pkg != "ask" && pkg != "web" {
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

// plain is an answer that is a text already.
type plain struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func operation(method, name, summary string) huma.Operation {
	return huma.Operation{
		OperationID:  name,
		Method:       method,
		Path:         "/api/" + name,
		Summary:      summary,
		MaxBodyBytes: longestBody,
	}
}
