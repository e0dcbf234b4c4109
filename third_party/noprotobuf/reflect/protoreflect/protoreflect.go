// Package protoreflect has the interfaces of messages; see README.md of the module.
package protoreflect

type (
	// ProtoMessage is a message. Only this module could make one: a Message has an unexported method.
	ProtoMessage interface{ ProtoReflect() Message }

	// Message looks into a message.
	Message interface {
		Descriptor() MessageDescriptor
		Interface() ProtoMessage
		Has(FieldDescriptor) bool
		Get(FieldDescriptor) Value
		none()
	}

	// MessageDescriptor describes a message.
	MessageDescriptor interface{ Fields() FieldDescriptors }

	// FieldDescriptors are the fields of a message.
	FieldDescriptors interface{ ByName(Name) FieldDescriptor }

	// FieldDescriptor describes a field.
	FieldDescriptor interface{ Kind() Kind }

	// List is a repeated field.
	List interface {
		Len() int
		Get(int) Value
		none()
	}

	// Map is a field that is a map.
	Map interface {
		Len() int
		Range(func(MapKey, Value) bool)
		none()
	}

	// Name is that of a field.
	Name string

	// Kind is the kind of a field.
	Kind int8

	// Value is that of a field.
	Value struct{}

	// MapKey is a key of a map.
	MapKey struct{}
)

// MessageKind is the kind of fields that are messages.
const MessageKind Kind = 11

// Interface returns nothing.
func (Value) Interface() any { return nil }

// IsValid is false.
func (Value) IsValid() bool { return false }

// Message returns nothing.
func (Value) Message() Message { return nil }

// Interface returns nothing.
func (MapKey) Interface() any { return nil }
