package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/fault"
)

// A rack checks its tiers; whoever asks the rack learns the whole path.
func TestFaultsOfAPartAreMovedToItsPath(t *testing.T) {
	var tier fault.List
	tier.Want("rate", "0B/s", "more than 0")
	tier.Check(true, "latency", "0s", "0s or more")
	tier.Add("", "has no %s", "name")

	var rack fault.List
	rack.In(fault.Index("tiers", 1), tier.Err())
	rack.In("host", nil)
	rack.Add("domain", "72: want at most %d", 8)

	var paths, texts []string
	for _, f := range fault.All(fault.In("system", rack.Err())) {
		paths = append(paths, f.Path)
		texts = append(texts, f.Error())
	}
	require.Equal(t, []string{"system.tiers[1].rate", "system.tiers[1]", "system.domain"}, paths)
	require.Equal(t, []string{
		"system.tiers[1].rate: 0B/s: want more than 0",
		"system.tiers[1]: has no name",
		"system.domain: 72: want at most 8",
	}, texts)
	require.EqualError(t, rack.Err(), "tiers[1].rate: 0B/s: want more than 0\ntiers[1]: has no name\ndomain: 72: want at most 8")
}

func TestNoFaultIsNoError(t *testing.T) {
	var none fault.List
	none.Check(true, "workers", 1, "1 or more")
	none.In("cache", none.Err())
	require.NoError(t, none.Err())
	require.NoError(t, fault.In("x", nil))
	require.Empty(t, fault.All(nil))
}

// A cause stays reachable however deep the fault is moved.
func TestAFaultKeepsItsCause(t *testing.T) {
	err := fault.In("workload", fault.New("trace", "cannot be read: %w", fs.ErrNotExist))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, "workload.trace: cannot be read: file does not exist")

	field, ok := errors.AsType[*fault.Field](fmt.Errorf("some.yaml: %w", err))
	require.True(t, ok)
	require.Equal(t, "workload.trace", field.Path)
}

// An error of another make is a fault of the part that returned it.
func TestOtherErrorsBecomeFaultsOfThePart(t *testing.T) {
	err := fault.In("model", errors.Join(fs.ErrPermission, fault.Want("hidden", 0, "1 or more")))
	all := fault.All(err)
	require.Len(t, all, 2)
	require.Equal(t, "model", all[0].Path)
	require.ErrorIs(t, all[0], fs.ErrPermission)
	require.Equal(t, "model.hidden", all[1].Path)
}

// Moving twice is moving once along the joined path, whatever the paths are.
func TestMovingIsAssociative(t *testing.T) {
	part := rapid.SampledFrom([]string{"", "a", "a.b", "a[0]", "[2]", "[2].c"})
	rapid.Check(t, func(t *rapid.T) {
		outer, inner := part.Draw(t, "outer"), part.Draw(t, "inner")
		err := fault.Want(part.Draw(t, "field"), 1, "2")
		require.EqualError(t, fault.In(outer, fault.In(inner, err)), fault.In(fault.Join(outer, inner), err).Error())
	})
}

// A list goes on after its error was taken, without changing it.
func TestAnErrorThatWasTakenStays(t *testing.T) {
	var faults fault.List
	faults.Add("a", "is wrong")
	faults.Add("b", "is wrong")
	taken := faults.Err()
	faults.Add("c", "is wrong")
	require.EqualError(t, taken, "a: is wrong\nb: is wrong")
}
