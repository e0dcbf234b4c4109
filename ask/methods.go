package ask

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Method answers a question that came as JSON.
type Method func(ctx context.Context, d *Desk, question []byte, progress Progress) (any, error)

// Methods are the questions by name, for doors that speak JSON.
func Methods() map[string]Method {
	m := map[string]Method{
		"catalogue": method(func(_ context.Context, d *Desk, _ *struct{}, _ Progress) (*Catalogue, error) {
			return d.Catalogue(), nil
		}),
		"fields": method(func(_ context.Context, d *Desk, _ *struct{}, _ Progress) (*Fields, error) {
			return d.Fields(), nil
		}),
		"preset":      quick((*Desk).Preset),
		"field":       quick((*Desk).Field),
		"values":      quick((*Desk).Values),
		"differences": quick((*Desk).Differences),
		"edit":        quick((*Desk).Edit),
		"estimate":    short((*Desk).Estimate),
		"explain":     short((*Desk).Explain),
		"capacity": method(func(ctx context.Context, d *Desk, q *Question, p Progress) (*Answer, error) {
			return d.Capacity(ctx, q, p)
		}),
		"run": method(func(ctx context.Context, d *Desk, q *RunQuestion, p Progress) (*Answer, error) {
			return d.Run(ctx, q, p)
		}),
	}
	maps.Copy(m, fileMethods())
	return m
}

// Names lists the methods.
func Names() []string { return slices.Sorted(maps.Keys(Methods())) }

// quick is the method of an answer that takes no time.
func quick[Q, A any](answer func(*Desk, *Q) (A, error)) Method {
	return method(func(_ context.Context, d *Desk, q *Q, _ Progress) (A, error) { return answer(d, q) })
}

// short is the method of an answer that needs no progress.
func short[Q, A any](answer func(*Desk, context.Context, *Q) (A, error)) Method {
	return method(func(ctx context.Context, d *Desk, q *Q, _ Progress) (A, error) { return answer(d, ctx, q) })
}

func method[Q, A any](answer func(context.Context, *Desk, *Q, Progress) (A, error)) Method {
	return func(ctx context.Context, d *Desk, question []byte, progress Progress) (any, error) {
		q := new(Q)
		if err := decode(question, q); err != nil {
			return nil, err
		}
		return answer(ctx, d, q, progress)
	}
}

// decode reads a question strictly: an unknown key is an error. None is an empty
// question.
func decode(text []byte, q any) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.DisallowUnknownFields()
	if err := reader.Decode(q); err != nil {
		return fmt.Errorf("question: %w", err)
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return errors.New("question: something follows the JSON")
	}
	return nil
}
