package configs

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// validator is a type whose values can tell whether they are possible. Its
// errors begin with the path of the field at fault, as in "hbm.capacity: is
// 0"; several may be joined.
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
	for _, m := range members(t) {
		kind, ok := l.kindOf(m.typ)
		if !ok || m.optional || m.typ.Kind() == reflect.Pointer || tree.get(m.key) != nil ||
			slices.ContainsFunc(following, func(p Preset) bool { return p.Path == m.key }) {
			continue
		}
		return &Error{At: tree.at, Path: m.key, Value: "(not set)",
			Problem: "want the name of one of the " + kind.Name + " (" + among(l.Names(kind.Name)) + ")"}
	}
	return nil
}

// validate asks every value that has a Validate method. Such a value answers
// for all that it holds, but a root that is no preset assembles the parts of
// others: it is asked last, when they are known to be sound.
func (l *Library) validate(tree *node, root reflect.Value) error {
	i := inspection{l, tree}
	if _, ok := l.kindOf(root.Type()); ok {
		return i.value(root, "")
	}
	if err := i.parts(root, ""); err != nil {
		return err
	}
	if asked, ok := asValidator(root); ok {
		return ask(tree, asked, "")
	}
	return nil
}

// inspection walks a decoded configuration beside its tree.
type inspection struct {
	library *Library
	tree    *node
}

// value asks v or, where it cannot answer, its parts. A preset that was not
// written at all is no fault of its fields.
func (i inspection) value(v reflect.Value, path string) error {
	if _, ok := i.library.kindOf(v.Type()); ok && path != "" && locate(i.tree, path) == nil {
		return nil
	}
	if asked, ok := asValidator(v); ok {
		return ask(i.tree, asked, path)
	}
	return i.parts(v, path)
}

func (i inspection) parts(v reflect.Value, path string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			return i.parts(v.Elem(), path)
		}
	case isStruct(v.Type()):
		for _, m := range members(v.Type()) {
			if err := i.value(v.FieldByIndex(m.index), join(path, m.key)); err != nil {
				return err
			}
		}
	case isList(v.Type()):
		for index := range v.Len() {
			if err := i.value(v.Index(index), joinIndex(path, index)); err != nil {
				return err
			}
		}
	case isMap(v.Type()):
		return i.entries(v, path)
	}
	return nil
}

// entries walks a map in the order of the file.
func (i inspection) entries(v reflect.Value, path string) error {
	at := locate(i.tree, path)
	if at == nil {
		return nil
	}
	for _, key := range at.keys() {
		entry := v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key()))
		if !entry.IsValid() {
			continue
		}
		addressable := reflect.New(entry.Type()).Elem()
		addressable.Set(entry)
		if err := i.value(addressable, join(path, key)); err != nil {
			return err
		}
	}
	return nil
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

// ask calls Validate and gives the first fault its place in the tree: where
// the field that its message begins with was written.
func ask(tree *node, asked validator, path string) error {
	err := asked.Validate()
	if err == nil {
		return nil
	}
	named, problem, ok := strings.Cut(firstOf(err).Error(), ": ")
	if !ok || strings.ContainsAny(named, " \t") {
		named, problem = "", firstOf(err).Error()
	}
	if named != "" {
		path = join(path, named)
	}
	found, rest := descend(tree, steps(path))
	fault := &Error{At: found.at, Path: path, Problem: problem, cause: err}
	switch {
	case len(rest) > 0:
		fault.Value = "(not set)"
	case len(found.fields)+len(found.items) == 0 && !strings.Contains(problem, found.scalar):
		fault.Value = found.shown()
	}
	return fault
}

// firstOf is the first of joined errors.
func firstOf(err error) error {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok || len(joined.Unwrap()) == 0 {
			return err
		}
		err = joined.Unwrap()[0]
	}
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
