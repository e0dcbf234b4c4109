package tree

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever the file says, loading it ends in a study or in one *Error.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"{name: x, rack: big-rack}",
		"rack: {preset: big-rack, chip: {memory: {capacity: 144GB}}, trays: [{slots: 1}]}",
		"rack: small-rack\ntuning:\n  floors:\n    gemm: {time: 5us}\ngap: {kind: constant, value: 1s}\npair: [1, 2]",
		"a: &x [*x]\n? b\n: |\n  c\n", "- a\n- {b: !!int c}",
		"\"\\u263A\": '", "x: 0x_1\ny: .inf\nz: 1e999", "%YAML 1.2\n---\na",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, p, err := loadText(text)
		if err != nil {
			requireReadable(t, err)
			return
		}
		require.NotNil(t, s)
		for _, field := range p.Fields() {
			require.NotEmpty(t, field.Value)
			require.NotEmpty(t, field.Basis)
		}
	})
}

// The same for overrides, alone and twice: the second changes nothing.
func FuzzSet(f *testing.F) {
	for _, set := range []string{
		"rack.chips=3", "rack=small-rack", "rack.trays[0].slots=2", "rack.trays.1={slots: 3}",
		"tuning.floors.hca.prefill.time=1s", "extra.inner.inner.note=a", "gap.kind=constant",
		"rack.preset=big-rack", "rack.chip=small", "labels.x.color=red", "=", "a..b=[",
	} {
		f.Add(set)
	}
	f.Fuzz(func(t *testing.T, set string) {
		_, once, err := loadText("{name: x, rack: big-rack}", set)
		if err != nil {
			requireReadable(t, err)
			return
		}
		_, twice, err := loadText("{name: x, rack: big-rack}", set, set)
		require.NoError(t, err)
		require.Equal(t, fields(once), fields(twice))
	})
}

func requireReadable(t *testing.T, err error) {
	t.Helper()
	var fault *Error
	require.True(t, errors.As(err, &fault), "%v", err)
	require.NotEmpty(t, fault.Problem)
	const most = 20 * 20 // lines: faults of a mapping, and of those in it
	lines := strings.Split(err.Error(), "\n")
	require.LessOrEqual(t, len(lines), most)
	for _, line := range lines {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 2000)
	}
}
