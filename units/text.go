package units

// Each type reads and writes itself as text, so that YAML and JSON hold
// "141GB" where the program holds 1.41e11. String is for people: at most five
// significant digits. MarshalText is exact: it reads back as the same number.

// ParseBytes reads text such as 141GB or 256GiB.
func ParseBytes(text string) (Bytes, error) {
	v, err := parse(text, memory)
	return Bytes(v), err
}

// UnmarshalText reads text as ParseBytes does.
func (v *Bytes) UnmarshalText(text []byte) (err error) {
	*v, err = ParseBytes(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v Bytes) MarshalText() ([]byte, error) { return marshal(float64(v), memory) }

// String is v for people, rounded to five digits.
func (v Bytes) String() string { return display(float64(v), memory) }

// ParseByteRate reads text such as 8TB/s or 800Gb/s.
func ParseByteRate(text string) (ByteRate, error) {
	v, err := parse(text, bandwidth)
	return ByteRate(v), err
}

// UnmarshalText reads text as ParseByteRate does.
func (v *ByteRate) UnmarshalText(text []byte) (err error) {
	*v, err = ParseByteRate(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v ByteRate) MarshalText() ([]byte, error) { return marshal(float64(v), bandwidth) }

// String is v for people, rounded to five digits.
func (v ByteRate) String() string { return display(float64(v), bandwidth) }

// ParseFLOPRate reads text such as 15PFLOPS or 15PFLOP/s.
func ParseFLOPRate(text string) (FLOPRate, error) {
	v, err := parse(text, computeRate)
	return FLOPRate(v), err
}

// UnmarshalText reads text as ParseFLOPRate does.
func (v *FLOPRate) UnmarshalText(text []byte) (err error) {
	*v, err = ParseFLOPRate(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v FLOPRate) MarshalText() ([]byte, error) { return marshal(float64(v), computeRate) }

// String is v for people, rounded to five digits.
func (v FLOPRate) String() string { return display(float64(v), computeRate) }

// ParseWatts reads text such as 1400W or 1.2MW.
func ParseWatts(text string) (Watts, error) {
	v, err := parse(text, power)
	return Watts(v), err
}

// UnmarshalText reads text as ParseWatts does.
func (v *Watts) UnmarshalText(text []byte) (err error) {
	*v, err = ParseWatts(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v Watts) MarshalText() ([]byte, error) { return marshal(float64(v), power) }

// String is v for people, rounded to five digits.
func (v Watts) String() string { return display(float64(v), power) }

// ParseJoules reads text such as 36kJ or 2kWh.
func ParseJoules(text string) (Joules, error) {
	v, err := parse(text, energy)
	return Joules(v), err
}

// UnmarshalText reads text as ParseJoules does.
func (v *Joules) UnmarshalText(text []byte) (err error) {
	*v, err = ParseJoules(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v Joules) MarshalText() ([]byte, error) { return marshal(float64(v), energy) }

// String is v for people, rounded to five digits.
func (v Joules) String() string { return display(float64(v), energy) }

// ParseSeconds reads text such as 35ms, 60us or 2h.
func ParseSeconds(text string) (Seconds, error) {
	v, err := parse(text, duration)
	return Seconds(v), err
}

// UnmarshalText reads text as ParseSeconds does.
func (v *Seconds) UnmarshalText(text []byte) (err error) {
	*v, err = ParseSeconds(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v Seconds) MarshalText() ([]byte, error) { return marshal(float64(v), duration) }

// String is v for people, rounded to five digits.
func (v Seconds) String() string { return display(float64(v), duration) }

// ParseTokenRate reads text such as 20tok/s.
func ParseTokenRate(text string) (TokenRate, error) {
	v, err := parse(text, tokenRate)
	return TokenRate(v), err
}

// UnmarshalText reads text as ParseTokenRate does.
func (v *TokenRate) UnmarshalText(text []byte) (err error) {
	*v, err = ParseTokenRate(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v TokenRate) MarshalText() ([]byte, error) { return marshal(float64(v), tokenRate) }

// String is v for people, rounded to five digits.
func (v TokenRate) String() string { return display(float64(v), tokenRate) }

// ParseJoulesPerFLOP reads text such as 0.75pJ/FLOP.
func ParseJoulesPerFLOP(text string) (JoulesPerFLOP, error) {
	v, err := parse(text, energyPerFLOP)
	return JoulesPerFLOP(v), err
}

// UnmarshalText reads text as ParseJoulesPerFLOP does.
func (v *JoulesPerFLOP) UnmarshalText(text []byte) (err error) {
	*v, err = ParseJoulesPerFLOP(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v JoulesPerFLOP) MarshalText() ([]byte, error) { return marshal(float64(v), energyPerFLOP) }

// String is v for people, rounded to five digits.
func (v JoulesPerFLOP) String() string { return display(float64(v), energyPerFLOP) }

// ParseJoulesPerByte reads text such as 6pJ/bit or 48pJ/B.
func ParseJoulesPerByte(text string) (JoulesPerByte, error) {
	v, err := parse(text, energyPerByte)
	return JoulesPerByte(v), err
}

// UnmarshalText reads text as ParseJoulesPerByte does.
func (v *JoulesPerByte) UnmarshalText(text []byte) (err error) {
	*v, err = ParseJoulesPerByte(string(text))
	return err
}

// MarshalText writes v exactly. It refuses NaN and infinities.
func (v JoulesPerByte) MarshalText() ([]byte, error) { return marshal(float64(v), energyPerByte) }

// String is v for people, rounded to five digits.
func (v JoulesPerByte) String() string { return display(float64(v), energyPerByte) }
