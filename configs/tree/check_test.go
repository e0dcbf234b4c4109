package tree

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func checkedChip(t *testing.T, text string) error {
	t.Helper()
	library := testLibrary()
	files := fstest.MapFS{"chips/x.yaml": {Data: []byte(text)}}
	library.FS = files
	return library.Check()
}

func TestCheckAcceptsTheFixture(t *testing.T) {
	require.NoError(t, testLibrary().Check())
}

func TestCheckNamesFileAndField(t *testing.T) {
	const head = "name: x\nmemory: {capacity: 1GB}\npeak: {fp8: 1PFLOPS}\n"
	const vendor = "{basis: vendor, source: s, density: dense}"
	cases := []struct{ text, want string }{
		{head + "sources: {memory: " + vendor + ", peak: " + vendor + "}", ""},
		{head + "sources: {memory: " + vendor + "}",
			"lib/chips/x.yaml:3:13: peak.fp8 1PFLOPS: no entry of sources covers it"},
		{head + "sources: {memory.cap: " + vendor + ", peak: " + vendor + "}",
			"lib/chips/x.yaml:2:20: memory.capacity 1GB: no entry of sources covers it\n" +
				"lib/chips/x.yaml:4:11: sources memory.cap: there is no such field"},
		{head + "sources: {memory: " + vendor + ", peak: {basis: vendor, source: s}}",
			"lib/chips/x.yaml:3:13: peak.fp8 1PFLOPS: its source needs density: dense or sparse"},
		{head + "sources: {memory: {basis: hearsay, source: s}, peak: " + vendor + "}",
			`lib/chips/x.yaml:4:11: sources memory: basis is "hearsay", ` +
				"want one of measured, vendor, published, fitted, assumed"},
		{head + "sources: {memory: {basis: vendor, source: ' '}, peak: " + vendor + "}",
			"lib/chips/x.yaml:4:11: sources memory: says no source"},
		{head + "sources: {memory: {basis: assumed, source: s}, peak: " + vendor + "}",
			"lib/chips/x.yaml:4:11: sources memory: an assumed number needs range: [low, high], factors on the value"},
		{head + "sources: {memory: {basis: assumed, source: s, range: [1.1, 2]}, peak: " + vendor + "}",
			"lib/chips/x.yaml:4:11: sources memory: range [1.1 2] does not hold the value: want low <= 1 <= high"},
		{head + "sources: {memory: {basis: fitted, source: s}, peak: " + vendor + "}",
			"lib/chips/x.yaml:4:11: sources memory: a fitted number needs points, how many it rests on"},
		{"name: y", "lib/chips/x.yaml:1:1: name y: want the name of the file, x"},
		{"name: x\nmemory: {}\nspeed: 1", "lib/chips/x.yaml:3:1: speed: unknown key " +
			"(known: memory, name, peak, sources, tuned_by)"},
	}
	for _, c := range cases {
		err := checkedChip(t, c.text)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, c.want, c.text)
	}
}
