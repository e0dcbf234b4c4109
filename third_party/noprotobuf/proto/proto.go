// Package proto has the interface of messages; see README.md.
package proto

import (
	"errors"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Message is a message, of which there is none.
type Message = protoreflect.ProtoMessage

// Size is the encoded size of a message.
func Size(Message) int { return 0 }

// Marshal refuses.
func Marshal(Message) ([]byte, error) {
	return nil, errors.New("this program is built without protocol buffers: third_party/noprotobuf")
}
