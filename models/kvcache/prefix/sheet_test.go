package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A sheet is a list whose places are blank until they are written, and keep what was
// written as others are used and forgotten.
func TestASheetIsAListThatIsThereWhereItIsUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sheet[int]
		written, seen := map[int32]int{}, map[int32]bool{}
		const blank = -1
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			i := rapid.Int32Range(0, 500).Draw(t, "place")
			if rapid.Bool().Draw(t, "writes") {
				at := s.use(i, blank)
				if _, ok := written[i]; !ok {
					require.Equal(t, blank, *at)
				}
				*at, seen[i] = len(written), true
				written[i] = *at
			}
			switch want, ok := written[i]; {
			case ok:
				require.Equal(t, want, *s.at(i))
			case s.at(i) != nil:
				require.Equal(t, blank, *s.at(i))
			}
			require.Equal(t, len(seen), s.used)
			if rapid.IntRange(0, 4).Draw(t, "removes") == 0 {
				s.remove(i)
				delete(seen, i)
				delete(written, i)
				require.Nil(t, s.at(i))
			}
			if rapid.IntRange(0, 9).Draw(t, "forgets") > 0 {
				continue
			}
			rest := rapid.IntRange(1, 4).Draw(t, "rest")
			s.forget(func(i int32, _ *int) bool { return int(i)%rest == 0 })
			for i := range seen {
				if int(i)%rest == 0 {
					delete(seen, i)
					delete(written, i)
				}
			}
			require.Equal(t, len(seen), s.used)
			for i, number := range written {
				require.Equal(t, number, *s.at(i))
			}
		}
	})
	var far sheet[[64]int64]
	far.use(1_000_000, [64]int64{})
	require.Nil(t, far.at(0))
	require.Nil(t, far.at(2_000_000))
}
