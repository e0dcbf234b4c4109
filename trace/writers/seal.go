package writers

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// The seal is the SHA-256 of a table, kept in its own metadata and computed
// with zeros in its place. Parquet libraries trust the offsets and lengths that
// they read; the seal tells a damaged table before they see it.
const (
	keySeal    = "agentsim.trace.sha256"
	sealDigits = 2 * sha256.Size
	// thriftString is how the metadata's encoding (Thrift, compact) announces
	// the value that follows a key: field 2, a string of 64 bytes.
	thriftString = "\x18\x40"
	tailBytes    = 8         // footer length and magic
	footerMax    = 256 << 20 // bytes
)

// unsealed stands where the seal will be.
func unsealed() string { return string(bytes.Repeat([]byte("0"), sealDigits)) }

// seal computes the seal of a whole table and writes it into its place.
func seal(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	at, err := sealOffset(f, info.Size())
	if err != nil {
		return err
	}
	digits, err := digest(f, info.Size(), at)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(digits), at)
	return err
}

// ErrDamaged means that a table is not what was once written.
var ErrDamaged = errors.New("the table is damaged or cut short, or not one that trace convert wrote")

// CheckSeal returns ErrDamaged unless a table of that many bytes is as it was
// written.
func CheckSeal(table io.ReaderAt, size int64) error {
	at, err := sealOffset(table, size)
	if err != nil {
		return err
	}
	found := make([]byte, sealDigits)
	if _, err := table.ReadAt(found, at); err != nil {
		return err
	}
	want, err := digest(table, size, at)
	if err != nil {
		return err
	}
	if string(found) != want {
		return ErrDamaged
	}
	return nil
}

// sealOffset finds the place of the seal in the footer.
func sealOffset(table io.ReaderAt, size int64) (int64, error) {
	tail := make([]byte, tailBytes)
	if size < 2*tailBytes {
		return 0, ErrDamaged
	}
	if _, err := table.ReadAt(tail, size-tailBytes); err != nil {
		return 0, err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if string(tail[4:]) != "PAR1" || length > min(size-tailBytes, footerMax) {
		return 0, ErrDamaged
	}
	footer := make([]byte, length)
	start := size - tailBytes - length
	if _, err := table.ReadAt(footer, start); err != nil {
		return 0, err
	}
	i := bytes.Index(footer, []byte(keySeal+thriftString))
	end := int64(i + len(keySeal+thriftString))
	if i < 0 || end+sealDigits > length {
		return 0, ErrDamaged
	}
	return start + end, nil
}

// digest hashes a table with zeros in the place of the seal.
func digest(table io.ReaderAt, size, seal int64) (string, error) {
	h := sha256.New()
	parts := io.MultiReader(
		io.NewSectionReader(table, 0, seal),
		bytes.NewReader([]byte(unsealed())),
		io.NewSectionReader(table, seal+sealDigits, size-seal-sealDigits),
	)
	if _, err := io.Copy(h, parts); err != nil {
		return "", fmt.Errorf("reading: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
