package tree

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
)

// validator is a type whose values can tell whether they are possible. Its
// errors are faults of fields (package fault).
type validator interface{ Validate() error }

// complete wants all top-level presets that are not optional. Those that
// follow from others are left to Validate, which knows what was missing.
func (l *Library) complete(tree *node, t reflect.Type) error {
	if !isStruct(t) {
		return nil
	}
	var following []Preset
	if zero, ok := reflect.New(t).Interface().(Defaulter); ok {
		following = zero.DefaultPresets(func(string) string { return "" })
	}
	var faults []error
	for _, m := range members(t) {
		kind, ok := l.kindOf(m.typ)
		if !ok || m.optional || m.typ.Kind() == reflect.Pointer || tree.get(m.key) != nil ||
			slices.ContainsFunc(following, func(p Preset) bool { return p.Path == m.key }) {
			continue
		}
		faults = append(faults, &Error{At: tree.at, Path: m.key, Value: "(not set)",
			Problem: "want the name of one of the " + kind.Name + " (" + among(l.Names(kind.Name)) + ")"})
	}
	return joined(faults)
}

// validate asks every value that has a Validate method. Such a value answers
// for all that it holds, but a root that is no preset assembles the parts of
// others: it is asked last, when they are known to be sound.
func (l *Library) validate(tree *node, root reflect.Value) error {
	return l.revalidate(tree, root, nil)
}

// revalidate asks anew what was changed: the parts of the root by their keys;
// nil = all. Those that are as they were when they were found to be sound are
// passed over, since most of what a configuration says is tables of kernels.
func (l *Library) revalidate(tree *node, root reflect.Value, changed map[string]*alteration) error {
	i := &inspection{library: l, tree: tree}
	if _, ok := l.kindOf(root.Type()); ok {
		i.value(root, "")
		return joined(i.faults)
	}
	if changed != nil && isStruct(root.Type()) {
		for m := range eachMember(root.Type()) {
			if changed[m.key] != nil {
				i.value(root.FieldByIndex(m.index), m.key)
			}
		}
	} else {
		i.parts(root, "")
	}
	if asked, ok := asValidator(root); ok && len(i.faults) == 0 {
		i.ask(asked, "")
	}
	return joined(i.faults)
}

// inspection walks a decoded configuration beside its tree and gathers the
// faults of all its values.
type inspection struct {
	library *Library
	tree    *node
	faults  []error
}

// value asks v or, where it cannot answer, its parts. A preset that was not
// written at all is no fault of its fields.
func (i *inspection) value(v reflect.Value, path string) {
	if _, ok := i.library.kindOf(v.Type()); ok && path != "" && locate(i.tree, path) == nil {
		return
	}
	if asked, ok := asValidator(v); ok {
		i.ask(asked, path)
		return
	}
	i.parts(v, path)
}

func (i *inspection) parts(v reflect.Value, path string) {
	switch {
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			i.parts(v.Elem(), path)
		}
	case isStruct(v.Type()):
		for m := range eachMember(v.Type()) {
			i.value(v.FieldByIndex(m.index), join(path, m.key))
		}
	case isList(v.Type()):
		for index := range v.Len() {
			i.value(v.Index(index), joinIndex(path, index))
		}
	case isMap(v.Type()):
		i.entries(v, path)
	}
}

// entries walks a map in the order of the file.
func (i *inspection) entries(v reflect.Value, path string) {
	at := locate(i.tree, path)
	if at == nil {
		return
	}
	for _, key := range at.keys() {
		entry := v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key()))
		if !entry.IsValid() {
			continue
		}
		addressable := reflect.New(entry.Type()).Elem()
		addressable.Set(entry)
		i.value(addressable, join(path, key))
	}
}

func asValidator(v reflect.Value) (validator, bool) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, false
	}
	if v.CanAddr() {
		if asked, ok := v.Addr().Interface().(validator); ok {
			return asked, true
		}
	}
	asked, ok := v.Interface().(validator)
	return asked, ok
}

// ask calls Validate and gives every fault its place in the tree: where its
// field was written.
func (i *inspection) ask(asked validator, path string) {
	err := asked.Validate()
	for _, f := range fault.All(err) {
		i.faults = append(i.faults, i.place(f, path))
	}
}

// place is the fault of a value at a path as an error of the file.
func (i *inspection) place(f *fault.Field, path string) *Error {
	named, problem := f.Path, f.Problem
	if named == "" { // an error of another make may begin with its field
		if before, after, ok := strings.Cut(problem, ": "); ok && !strings.ContainsAny(before, " \t") {
			named, problem = before, after
		}
	}
	path = fault.Join(path, named)
	found, rest := descend(i.tree, steps(path))
	placed := &Error{At: found.at, Path: path, Problem: problem, cause: f}
	switch {
	case len(rest) > 0:
		placed.Value = "(not set)"
	case len(found.fields)+len(found.items) == 0 && !strings.Contains(problem, found.scalar):
		placed.Value = found.shown()
	}
	return placed
}

func steps(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(bracketsToDots(path), ".")
}

// descend follows the steps as far as the tree goes. It returns the node it
// reached and the steps that are left. Keys may contain dots.
func descend(n *node, steps []string) (*node, []string) {
	for len(steps) > 0 {
		child, taken := childAt(n, steps)
		if child == nil {
			break
		}
		n, steps = child, steps[taken:]
	}
	return n, steps
}

func childAt(n *node, steps []string) (*node, int) {
	if n.shape == sequence {
		if i, err := strconv.Atoi(steps[0]); err == nil && i >= 0 && i < len(n.items) {
			return n.items[i], 1
		}
		return nil, 0
	}
	for taken := len(steps); taken > 0; taken-- {
		if child := n.get(strings.Join(steps[:taken], ".")); child != nil {
			return child, taken
		}
	}
	return nil, 0
}
