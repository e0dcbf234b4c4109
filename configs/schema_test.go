package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// compiledSchema is the schema of scenarios.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema[Scenario](Presets())
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

// What ships with the program is valid for an editor too.
func TestSchemaOfScenarios(t *testing.T) {
	schema := compiledSchema(t)
	files, err := filepath.Glob("../scenarios/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		_, _, err := LoadScenario(Source{Name: file, ReadFile: os.ReadFile}, nil)
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var document any
		require.NoError(t, yaml.Unmarshal(text, &document))
		require.NoError(t, schema.Validate(document), file)
	}
}

// Ends of a distribution are factors or values with their unit.
func TestSchemaOfUncertainty(t *testing.T) {
	schema := compiledSchema(t)
	for text, ok := range map[string]bool{
		"uncertainty: {engine.efficiency: {kind: uniform, low: 0.8, high: 1.2}}":                            true,
		"uncertainty: {x: {kind: uniform, low: 300W, high: 1kW, scales: {engine.efficiency: -1}}}":          true,
		"uncertainty: {engine.efficiency: {kind: uniform, low: [1], high: 1.2}}":                            false,
		"uncertainty: {engine.efficiency: {kind: uniform, low: 1, high: 1.2, width: 3}}":                    false,
		"uncertainty: {engine.efficiency: {kind: uniform, low: 1, high: 1.2, scales: {engine.host: lots}}}": false,
	} {
		var document any
		require.NoError(t, yaml.Unmarshal([]byte(text), &document))
		require.Equal(t, ok, schema.Validate(document) == nil, text)
	}
}
