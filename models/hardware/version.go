package hardware

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// CompareVersions orders versions of software as engines number them:
// 1.3.0rc5 < 1.3.0rc20 < 1.3.0 < 1.3.0.post2.
func CompareVersions(a, b string) int {
	x, y := versionParts(a), versionParts(b)
	for i := range max(len(x), len(y)) {
		if c := cmp.Compare(versionRank(x, i), versionRank(y, i)); c != 0 {
			return c
		}
	}
	return 0
}

// versionParts are the runs of digits and of lower-case letters.
func versionParts(version string) []string {
	var parts []string
	kind := func(c byte) int {
		switch {
		case '0' <= c && c <= '9':
			return 1
		case 'a' <= c && c <= 'z':
			return 2
		}
		return 0
	}
	for from, i := 0, 1; i <= len(version); i++ {
		if i < len(version) && kind(version[i]) == kind(version[from]) {
			continue
		}
		if kind(version[from]) > 0 {
			parts = append(parts, version[from:i])
		}
		from = i
	}
	return parts
}

// versionRank makes a release candidate lower than the end of a version, and
// anything else higher.
func versionRank(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	if n, err := strconv.Atoi(parts[i]); err == nil {
		return n + 1
	}
	if parts[i] == "rc" {
		return -1
	}
	return 0
}

// AsOf is the kernel set as a version of its engine runs it: where a kernel of
// the experts holds from a later version on, the one before it takes its name.
// An empty version is the newest. Kernels before others have no name of their
// own afterwards.
func (k KernelSet) AsOf(version string) KernelSet {
	var before []string
	experts := maps.Clone(k.Experts)
	for _, name := range slices.Sorted(maps.Keys(k.Experts)) {
		e := k.Experts[name]
		if e.Before != "" {
			before = append(before, e.Before)
		}
		for e.Before != "" && version != "" && CompareVersions(version, e.Since) < 0 {
			older, ok := k.Experts[e.Before]
			if !ok || CompareVersions(older.Since, e.Since) >= 0 {
				break
			}
			e = older
		}
		e.Since, e.Before = "", "" // decided
		experts[name] = e
	}
	slower := k.olderThan(version)
	if len(before) == 0 && len(slower) == 0 {
		return k
	}
	for _, name := range before {
		delete(experts, name)
	}
	for _, name := range slices.Sorted(maps.Keys(experts)) {
		e := experts[name]
		if factor := slower[name]; factor > 0 {
			e.Slower = factor
			experts[name] = e
		}
	}
	k.Experts, k.Older = experts, nil
	return k
}

// olderThan is what the first version that a version of the engine is older than
// says of its kernels.
func (k *KernelSet) olderThan(version string) map[string]float64 {
	if version == "" {
		return nil
	}
	for _, o := range k.Older { // by rising version
		if CompareVersions(version, o.Before) < 0 {
			if CompareVersions(version, o.From) < 0 {
				return nil
			}
			return o.Experts
		}
	}
	return nil
}
