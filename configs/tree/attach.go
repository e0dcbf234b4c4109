package tree

import "reflect"

// Attacher is a configuration that needs more than its own tree says once it is
// decoded: files beside it, or presets of other things.
type Attacher interface {
	Attach(*Attachment) error
}

// Verifier is a configuration that checks how it was written, not only what it
// says. It is asked last.
type Verifier interface {
	Verify(*Provenance) error
}

// Attachment gives a configuration access to what lies around it.
type Attachment struct {
	*Provenance
	resolver *resolver
}

func (r *resolver) attach(p *Provenance) error {
	if whole, ok := p.root.Addr().Interface().(Attacher); ok {
		return whole.Attach(&Attachment{p, r})
	}
	return nil
}

// Beside is a file named in the field at a path, as seen from where the program
// runs.
func (a *Attachment) Beside(path, name string) string { return beside(a.At(path).File, name) }

// Open reads a file. Its error does not repeat the name.
func (a *Attachment) Open(file string) ([]byte, error) { return a.resolver.source.open(file) }

// Fault is an error of the value in the field at a path.
func (a *Attachment) Fault(path, value string, err error) error {
	return &Error{
		At:      a.At(path),
		Path:    path,
		Value:   quotedIfOdd(value),
		Problem: err.Error(),
		cause:   err,
	}
}

// Keep returns what has a key, making it if it is not known. Configurations that
// are loaded from one Base share what is kept, so that equal parts are one.
func Keep[T any](a *Attachment, key string, read func() (T, error)) (T, error) {
	m := a.resolver.memo
	if m == nil {
		return read()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key += " " + reflect.TypeFor[T]().String()
	if known, ok := m.kept[key]; ok {
		return known.(T), nil
	}
	made, err := read()
	if err != nil {
		return made, err
	}
	if m.kept == nil {
		m.kept = map[string]any{}
	}
	m.kept[key] = made
	return made, nil
}

// Named reads the preset of a kind that the field at a path names. Where the
// name is that of a preset which something else was laid over, at the path own,
// it is that one as it was before. Nil without an error: own has the name, but was
// written out here.
func Named[T any](a *Attachment, kind, path, own string) (*T, error) {
	name := locate(a.tree, path)
	if name == nil {
		return nil, nil
	}
	if n := locate(a.tree, own); n != nil && n.get("name").text() == name.text() {
		if n.preset == nil {
			return nil, nil
		}
		return decoded[T](n.preset, own)
	}
	k, err := a.resolver.library.kindNamed(kind)
	if err != nil {
		return nil, err
	}
	n, err := a.resolver.preset(k, path, name)
	if err != nil {
		return nil, err
	}
	return Keep(a, kind+" "+n.at.String(), func() (*T, error) { return decoded[T](n, path) })
}

func decoded[T any](n *node, path string) (*T, error) {
	value := new(T)
	return value, decode(n, reflect.ValueOf(value).Elem(), path)
}
