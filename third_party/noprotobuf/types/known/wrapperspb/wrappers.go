// Package wrapperspb names types; see README.md of the module.
package wrapperspb

// BoolValue is a value or null.
type BoolValue struct{}

// GetValue returns nothing.
func (*BoolValue) GetValue() bool { return false }

// Int32Value is a value or null.
type Int32Value struct{}

// GetValue returns nothing.
func (*Int32Value) GetValue() int32 { return 0 }

// Int64Value is a value or null.
type Int64Value struct{}

// GetValue returns nothing.
func (*Int64Value) GetValue() int64 { return 0 }

// UInt32Value is a value or null.
type UInt32Value struct{}

// GetValue returns nothing.
func (*UInt32Value) GetValue() uint32 { return 0 }

// UInt64Value is a value or null.
type UInt64Value struct{}

// GetValue returns nothing.
func (*UInt64Value) GetValue() uint64 { return 0 }

// FloatValue is a value or null.
type FloatValue struct{}

// GetValue returns nothing.
func (*FloatValue) GetValue() float32 { return 0 }

// DoubleValue is a value or null.
type DoubleValue struct{}

// GetValue returns nothing.
func (*DoubleValue) GetValue() float64 { return 0 }

// StringValue is a value or null.
type StringValue struct{}

// GetValue returns nothing.
func (*StringValue) GetValue() string { return "" }

// BytesValue is a value or null.
type BytesValue struct{}

// GetValue returns nothing.
func (*BytesValue) GetValue() []byte { return nil }
