package tree

import "reflect"

// merge lays one tree over another: mappings are merged key by key, all else
// is replaced, and so is everything where the upper tree names a preset of
// its own. A mapping whose "kind" changes is replaced too, since the fields of
// one kind mean nothing to another.
func (r *resolver) merge(t reflect.Type, path string, under, over *node) (*node, error) {
	if under == nil || under.shape != mapping || over.shape != mapping || t == nil ||
		r.namesPreset(t, over) || changesKind(under, over) {
		return r.resolve(t, path, over)
	}
	merged := under
	var faults []error
	for _, f := range over.fields {
		value, err := r.merge(below(t, f.key), join(path, f.key), under.get(f.key), f.value)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		merged = merged.with(field{f.key, f.at, value})
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return merged, nil
}

func (r *resolver) namesPreset(t reflect.Type, n *node) bool {
	kind, ok := r.library.kindOf(t)
	if !ok {
		return false
	}
	for _, f := range n.fields {
		if kind.refersBy(f.key) {
			return true
		}
	}
	return false
}

// kindKey chooses between forms of a value, e.g. of a distribution.
const kindKey = "kind"

func changesKind(under, over *node) bool {
	old, chosen := under.get(kindKey), over.get(kindKey)
	return old != nil && chosen != nil && old.scalar != chosen.scalar
}
