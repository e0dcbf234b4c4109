package sqlite

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// Text encodings, as the header of a database numbers them.
const (
	utf8Text    = 1
	utf16Little = 2
	utf16Big    = 3
)

// varint reads a number of 1 to 9 bytes, 7 bits a byte, all 8 of the ninth
// (section 1.6). It returns how many it took; 0 = they are cut off.
func varint(b []byte) (value int64, n int) {
	const last, more, bits = 8, 0x80, 7
	var v uint64
	for i, x := range b {
		if i == last {
			return int64(v<<8 | uint64(x)), i + 1
		}
		v = v<<bits | uint64(x&^more)
		if x&more == 0 {
			return int64(v), i + 1
		}
	}
	return 0, 0
}

// record reads a row's values (section 2.1). A row that was written before its
// table got a column has the column's default; an INTEGER PRIMARY KEY is the
// row's number and not in the record.
func (r *Rows) record(payload []byte, number int64) error {
	length, n := varint(payload)
	if n == 0 || length < int64(n) || length > int64(len(payload)) {
		return damaged("a row's header of %d bytes", length)
	}
	types, body := payload[n:length], payload[length:]
	for i := range r.columns {
		c := &r.columns[i]
		r.Values[i] = c.preset
		if len(types) > 0 {
			serial, n := varint(types)
			size := serialBytes(serial)
			if n == 0 || size < 0 || size > int64(len(body)) {
				return damaged("a value of kind %d in a row of %d bytes", serial, len(payload))
			}
			r.Values[i] = r.value(serial, body[:size])
			types, body = types[n:], body[size:]
		}
		if whole, ok := r.Values[i].(int64); ok && c.real { // stored as a whole number to save room
			r.Values[i] = float64(whole)
		}
		if c.number && r.Values[i] == nil {
			r.Values[i] = number
		}
	}
	return nil
}

// Serial types from firstBlob on are bytes if even, text if odd.
const (
	null, real64, isZero, isOne, firstBlob = 0, 7, 8, 9, 12
)

// serialBytes is the length of a value of a serial type; -1 = there is none.
func serialBytes(serial int64) int64 {
	switch {
	case serial >= firstBlob:
		return (serial - firstBlob) / 2
	case serial < 0 || serial > isOne:
		return -1
	}
	return [...]int64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}[serial]
}

func (r *Rows) value(serial int64, b []byte) any {
	switch {
	case serial == null:
		return nil
	case serial == real64:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	case serial == isZero || serial == isOne:
		return serial - isZero
	case serial >= firstBlob && serial%2 == 0:
		return append([]byte(nil), b...)
	case serial >= firstBlob:
		return r.d.text(b)
	}
	v := int64(int8(b[0])) // two's complement, the highest byte first
	for _, x := range b[1:] {
		v = v<<8 | int64(x)
	}
	return v
}

// text decodes a text in the encoding of the database.
func (d *Database) text(b []byte) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch d.encoding {
	case utf8Text:
		return string(b)
	case utf16Big:
		order = binary.BigEndian
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
