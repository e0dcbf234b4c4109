// Package anypb names a type; see README.md of the module.
package anypb

import (
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Any is a message of any type.
type Any struct{}

// ProtoReflect returns nothing.
func (*Any) ProtoReflect() protoreflect.Message { return nil }

// GetTypeUrl returns nothing.
func (*Any) GetTypeUrl() string { return "" }

// UnmarshalNew refuses.
func (*Any) UnmarshalNew() (proto.Message, error) {
	return nil, errors.New("this program is built without protocol buffers: third_party/noprotobuf")
}
