// Package structpb names types; see README.md of the module.
package structpb

import "google.golang.org/protobuf/reflect/protoreflect"

type (
	// Struct is an object.
	Struct struct{ Fields map[string]*Value }

	// ListValue is a list.
	ListValue struct{ Values []*Value }

	// Value is an object, a list, a number, a text, true, false or null.
	Value struct{}

	isKind interface{ kind() }

	// Value_NullValue is a kind of value.
	Value_NullValue struct{}
	// Value_NumberValue is a kind of value.
	Value_NumberValue struct{ NumberValue float64 }
	// Value_StringValue is a kind of value.
	Value_StringValue struct{ StringValue string }
	// Value_BoolValue is a kind of value.
	Value_BoolValue struct{ BoolValue bool }
	// Value_StructValue is a kind of value.
	Value_StructValue struct{ StructValue *Struct }
	// Value_ListValue is a kind of value.
	Value_ListValue struct{ ListValue *ListValue }
)

func (*Value_NullValue) kind()   {}
func (*Value_NumberValue) kind() {}
func (*Value_StringValue) kind() {}
func (*Value_BoolValue) kind()   {}
func (*Value_StructValue) kind() {}
func (*Value_ListValue) kind()   {}

// GetKind returns nothing.
func (*Value) GetKind() isKind { return nil }

// GetFields returns the fields.
func (s *Struct) GetFields() map[string]*Value { return s.Fields }

// GetValues returns the values.
func (l *ListValue) GetValues() []*Value { return l.Values }

// ProtoReflect returns nothing.
func (*Struct) ProtoReflect() protoreflect.Message { return nil }

// ProtoReflect returns nothing.
func (*ListValue) ProtoReflect() protoreflect.Message { return nil }
