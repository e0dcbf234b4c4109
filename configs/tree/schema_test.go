package tree

import (
	"bytes"
	"reflect"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"agentsim/units"
)

func compiled[T any](t *testing.T, library *Library) *jsonschema.Schema {
	t.Helper()
	text, err := Schema[T](library, nil)
	require.NoError(t, err)
	again, err := Schema[T](library, nil)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

// The schema and the loader agree.
func TestSchema(t *testing.T) {
	schema := compiled[study](t, testLibrary())
	cases := []struct {
		text string
		ok   bool
	}{
		{"{name: x, rack: big-rack}", true},
		{"rack: {preset: big-rack, chip: {memory: {capacity: 144GB}}, chips: 3}", true},
		{"{rack: big-rack, tuning: {profile: slow, floors: {a: {time: 3 us}}}}", true},
		{"{rack: big-rack, gap: {kind: constant, value: 3s, max: 2h}}", true},
		{"{rack: big-rack, pair: [1, 2.5], labels: {x: {color: red}}, quick: true, seed: 3}", true},
		{"rack: huge-rack", false},
		{"rack: {preset: huge-rack}", false},
		{"{rack: big-rack, agnets: 3}", false},
		{"{rack: big-rack, agents: many}", false},
		{"{rack: big-rack, agents: 1.5}", false},
		{"{rack: big-rack, name: 7}", false},
		{"{rack: big-rack, pair: [1]}", false},
		{"rack: {preset: big-rack, chip: {memory: {capacity: 144}}}", false},
		{"rack: {preset: big-rack, chip: {memory: {capacity: 144W}}}", false},
	}
	for _, c := range cases {
		var document any
		require.NoError(t, yaml.Unmarshal([]byte(c.text), &document))
		bySchema := schema.Validate(document)
		_, _, byLoader := loadText(c.text)
		require.Equal(t, c.ok, bySchema == nil, "%s: %v", c.text, bySchema)
		require.Equal(t, c.ok, byLoader == nil, "%s: %v", c.text, byLoader)
	}
}

// The patterns know every unit that is read, and their examples are valid.
func TestUnitPatterns(t *testing.T) {
	cases := []struct {
		typ   reflect.Type
		parse func(string) error
		good  []string
	}{
		{reflect.TypeFor[units.Bytes](), parsed(units.ParseBytes), []string{"1B", "1.5 KiB", "2kB", "2KB", "3EB"}},
		{reflect.TypeFor[units.ByteRate](), parsed(units.ParseByteRate), []string{"800Gb/s", "4Gbps", "1GiB/s", "1Mbit/s"}},
		{reflect.TypeFor[units.FLOPRate](), parsed(units.ParseFLOPRate), []string{"1FLOPS", "1e3TFLOP/s"}},
		{reflect.TypeFor[units.Watts](), parsed(units.ParseWatts), []string{"1mW", "1.2MW", ".5kW"}},
		{reflect.TypeFor[units.Joules](), parsed(units.ParseJoules), []string{"1pJ", "2kWh", "3MJ"}},
		{reflect.TypeFor[units.Seconds](), parsed(units.ParseSeconds), []string{"1µs", "1us", "2h", "5min", "63ps", "-1s"}},
		{reflect.TypeFor[units.TokenRate](), parsed(units.ParseTokenRate), []string{"20tok/s", "1ktokens/s"}},
		{reflect.TypeFor[units.JoulesPerFLOP](), parsed(units.ParseJoulesPerFLOP), []string{"1fJ/FLOP"}},
		{reflect.TypeFor[units.JoulesPerByte](), parsed(units.ParseJoulesPerByte), []string{"1pJ/bit", "1pJ/b", "8pJ/B"}},
	}
	for _, c := range cases {
		schema := schemaOfText(c.typ)
		pattern := regexp.MustCompile(schema.Pattern)
		for _, text := range append(c.good, schema.Examples[0].(string)) {
			require.Regexp(t, pattern, text)
			require.NoError(t, c.parse(text), text)
		}
		for _, text := range []string{"1", "GB", "1XB", "1 furlong", "NaN", ""} {
			require.NotRegexp(t, pattern, text)
			require.Error(t, c.parse(text), text)
		}
	}
}

func parsed[T any](parse func(string) (T, error)) func(string) error {
	return func(text string) error {
		_, err := parse(text)
		return err
	}
}
