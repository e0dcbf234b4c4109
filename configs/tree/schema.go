//go:build !js

package tree

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema of configurations of type T, for editors: keys,
// types, units, and the names of the library's presets. Every key is
// optional in it, since any may come from a preset. describe says what a field
// means, and which values it can have where these are few; it may be nil.
func Schema[T any](library *Library, describe func(FieldType) (meaning string, among []string)) ([]byte, error) {
	r := &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Anonymous:                  true,
		Mapper:                     schemaOfText,
		Namer:                      definitionName,
	}
	schema := r.ReflectFromType(reflect.TypeFor[T]())
	if describe != nil {
		for _, f := range FieldTypes[T](library) {
			describeProperty(schema, f, describe)
		}
	}
	for _, kind := range library.Kinds {
		name := definitionName(kind.Type)
		if definition := schema.Definitions[name]; definition != nil {
			schema.Definitions[name] = orPreset(definition, kind, library.Names(kind.Name))
		}
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return append(text, '\n'), nil
}

// describeProperty writes what a field means beside its key.
func describeProperty(s *jsonschema.Schema, f FieldType, describe func(FieldType) (string, []string)) {
	definition := s.Definitions[definitionName(f.Of)]
	if f.Of == nil || definition == nil {
		return
	}
	key := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
	property, ok := definition.Properties.Get(key)
	if !ok {
		return
	}
	if property.Ref != "" { // what stands beside a reference is not read by all
		property = &jsonschema.Schema{AllOf: []*jsonschema.Schema{{Ref: property.Ref}}}
		definition.Properties.Set(key, property)
	}
	meaning, among := describe(f)
	if property.Description == "" {
		property.Description = meaning
	}
	if property.Type == "string" && len(among) > 0 {
		property.Enum = anySlice(among)
	}
}

// definitionName is package.Type, without what a reference cannot contain.
func definitionName(t reflect.Type) string {
	if t.Name() == "" || t.PkgPath() == "" {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' {
			return r
		}
		return '_'
	}, t.String())
}

// orPreset lets a value also be the name of a preset, the path of a file, or
// either with fields of its own.
func orPreset(definition *jsonschema.Schema, kind Kind, names []string) *jsonschema.Schema {
	reference := &jsonschema.Schema{
		AnyOf: []*jsonschema.Schema{
			{Type: "string", Enum: anySlice(names)},
			{Type: "string", Pattern: `[/\\]|\.ya?ml$`},
		},
		Description: fmt.Sprintf("a preset among %s, or the path of a YAML file", kind.Name),
	}
	definition.Properties.Set(presetKey, reference)
	if kind.Key != "" {
		definition.Properties.Set(kind.Key, reference)
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{reference, definition}}
}

func anySlice(names []string) []any {
	list := make([]any, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}

// schemaOfText describes the types that read themselves from text; nil for
// all others.
func schemaOfText(t reflect.Type) *jsonschema.Schema {
	if !isText(t) {
		return nil
	}
	if base(t) == reflect.TypeFor[Bound]() {
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number"}, {Type: "string"}},
			Examples: []any{0.8, "300W"}}
	}
	unit, example := unitPattern(t)
	if unit == "" {
		return &jsonschema.Schema{Type: "string"}
	}
	const quantity = `^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)? *`
	return &jsonschema.Schema{
		Type:     "string",
		Pattern:  quantity + "(" + unit + ")$",
		Examples: []any{example},
	}
}
