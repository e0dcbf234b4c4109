package tree

import (
	"errors"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
)

const extension = ".yaml"

// Kind is a sort of preset: a directory of YAML files that all decode into
// one Go type. Wherever a configuration has a field of that type, the field
// may be the name of such a preset instead.
type Kind struct {
	Name string       // directory in the library, e.g. "systems"
	Type reflect.Type // what one file holds
	Key  string       // accepted besides "preset" in {preset: name, …}; may be empty
}

// KindOf describes the presets of a directory that decode into T.
func KindOf[T any](name string) Kind { return Kind{Name: name, Type: reflect.TypeFor[T]()} }

// Library is a set of presets by kind.
type Library struct {
	FS    fs.FS
	Root  string // shown in front of file names, e.g. "configs"
	Kinds []Kind
}

// Names lists the presets of a kind in order; nothing for an unknown kind.
func (l *Library) Names(kind string) []string { return namesIn(l.FS, kind) }

// namesIn lists the YAML files of a directory without their extension.
func namesIn(files fs.FS, dir string) []string {
	if files == nil {
		return nil
	}
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), extension); ok && !e.IsDir() {
			names = append(names, name)
		}
	}
	return names
}

// KindNames lists the kinds of the library in order.
func (l *Library) KindNames() []string {
	var names []string
	for _, k := range l.Kinds {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return names
}

// kindOf finds the kind that a type's values can be presets of.
func (l *Library) kindOf(t reflect.Type) (Kind, bool) {
	i := slices.IndexFunc(l.Kinds, func(k Kind) bool { return k.Type == base(t) })
	if i < 0 {
		return Kind{}, false
	}
	return l.Kinds[i], true
}

func (l *Library) kindNamed(name string) (Kind, error) {
	i := slices.IndexFunc(l.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, &Error{Path: name, Problem: unknown("kind", name, l.KindNames())}
	}
	return l.Kinds[i], nil
}

// singular is the kind's name for one preset in a message: "system".
func (k Kind) singular() string { return strings.TrimSuffix(k.Name, "s") }

// refersBy says whether a key of a mapping names the preset it overrides.
func (k Kind) refersBy(key string) bool {
	return key == presetKey || key == extendsKey || (k.Key != "" && key == k.Key)
}

const presetKey = "preset"

// preset reads the file of a preset as a tree and as it stands. Where there is none, the error has no
// position: the caller knows who asked.
func (l *Library) preset(kind Kind, name string) (*node, []byte, error) {
	file := path.Join(kind.Name, name+extension)
	content, err := fs.ReadFile(l.FS, file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, nil, &Error{Value: quotedIfOdd(name), Problem: unknown(kind.singular(), name, l.Names(kind.Name))}
	}
	if err != nil {
		return nil, nil, err
	}
	tree, err := parseFile(path.Join(l.Root, file), content)
	return tree, content, err
}
