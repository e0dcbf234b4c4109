package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
)

// pages hands out pages by number, from 1: those of the log where it has newer
// ones, else those of the file.
type pages struct {
	file, log *os.File // log: nil = none
	size      int      // of a page, in bytes
	usable    int      // of a page, in bytes
	count     uint32
	newer     map[uint32]int64 // where in the log a page's bytes begin
}

// Magic is how a file of SQLite begins.
const Magic = "SQLite format 3\x00"

const (
	headerBytes = 100 // of a database
	pageMin     = 512
	pageMax     = 1 << 16
	reservedMax = pageMin - 480 // at least 480 bytes of a page are used (section 1.3.4)
)

func bigEndian(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// openPages reads the header (section 1.3) and the log.
func openPages(path string) (*pages, error) {
	const sizeAt, versionAt, reservedAt, changesAt, countAt, validForAt = 16, 19, 20, 24, 28, 92
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pages{file: file}
	fail := func(err error) (*pages, error) { return nil, errors.Join(err, p.close()) }
	head := make([]byte, headerBytes)
	if _, err := io.ReadFull(file, head); err != nil {
		return fail(errors.New("the database is cut short"))
	}
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	p.size = int(binary.BigEndian.Uint16(head[sizeAt:]))
	if p.size == 1 {
		p.size = pageMax
	}
	reserved := int(head[reservedAt])
	p.usable = p.size - reserved
	switch version := head[versionAt]; {
	case string(head[:len(Magic)]) != Magic:
		return fail(errors.New("is no database of SQLite"))
	case p.size < pageMin || p.size&(p.size-1) != 0 || reserved > reservedMax:
		return fail(damaged("pages of %d bytes, %d of them reserved", p.size, reserved))
	case version > 2:
		return fail(fmt.Errorf("the database is of format %d; want 1 or 2", version))
	}
	p.count = uint32(min(info.Size()/int64(p.size), 1<<32-1))
	committed, err := p.openLog(path + "-wal")
	if err != nil {
		return fail(err)
	}
	if committed > 0 {
		p.count = committed
		return p, nil
	}
	told := bigEndian(head[changesAt:]) == bigEndian(head[validForAt:])
	if want := int64(p.size) * int64(bigEndian(head[countAt:])); told && info.Size() < want {
		return fail(fmt.Errorf("the database is cut short: %d bytes; want %d", info.Size(), want))
	}
	return p, nil
}

func (p *pages) close() error {
	err := p.file.Close()
	if p.log != nil {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// page reads a page.
func (p *pages) page(number uint32) ([]byte, error) {
	if number == 0 || number > p.count {
		return nil, damaged("page %d of %d", number, p.count)
	}
	page := make([]byte, p.size)
	from, at := p.file, int64(number-1)*int64(p.size)
	if newer, ok := p.newer[number]; ok {
		from, at = p.log, newer
	}
	if _, err := from.ReadAt(page, at); err != nil {
		return nil, damaged("page %d: %v", number, err)
	}
	return page, nil
}

// openLog finds the pages that the write-ahead log holds (section 4). Its
// frames count up to the last that ends a transaction, and up to the first
// whose checksum is wrong: behind it lies what an earlier log left. It returns
// how many pages the database has by then; 0 = by the file alone.
func (p *pages) openLog(path string) (committed uint32, err error) {
	const (
		logHeader, frameHeader        = 32, 24
		bigSums, littleSums           = 0x377f0683, 0x377f0682
		pageSizeAt, saltAt, logSumsAt = 8, 16, 24 // in the header
		countAt, frameSaltAt, sumsAt  = 4, 8, 16  // in a frame's
	)
	log, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	p.log = log
	head := make([]byte, logHeader)
	if _, err := io.ReadFull(log, head); err != nil { // empty: everything is in the file
		return 0, nil
	}
	sums := logSums{order: binary.BigEndian}
	if bigEndian(head) == littleSums {
		sums.order = binary.LittleEndian
	} else if bigEndian(head) != bigSums {
		return 0, nil // of a log that was never begun
	}
	sums.add(head[:logSumsAt])
	if int(bigEndian(head[pageSizeAt:])) != p.size || !sums.match(head[logSumsAt:]) {
		return 0, nil
	}
	p.newer = map[uint32]int64{}
	pending := map[uint32]int64{}
	frame := make([]byte, frameHeader+p.size)
	for at := int64(logHeader); ; at += int64(len(frame)) {
		if _, err := log.ReadAt(frame, at); err != nil {
			return committed, nil
		}
		sums.add(frame[:frameSaltAt])
		sums.add(frame[frameHeader:])
		salted := string(frame[frameSaltAt:sumsAt]) == string(head[saltAt:logSumsAt])
		if !salted || !sums.match(frame[sumsAt:frameHeader]) {
			return committed, nil
		}
		pending[bigEndian(frame)] = at + frameHeader
		if count := bigEndian(frame[countAt:]); count > 0 {
			committed = count
			maps.Copy(p.newer, pending)
			clear(pending)
		}
	}
}

// logSums is the running checksum of a log (section 4.2).
type logSums struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (s *logSums) add(b []byte) {
	const pair = 8 // bytes
	for ; len(b) >= pair; b = b[pair:] {
		s.s0 += s.order.Uint32(b) + s.s1
		s.s1 += s.order.Uint32(b[pair/2:]) + s.s0
	}
}

func (s *logSums) match(b []byte) bool { return bigEndian(b) == s.s0 && bigEndian(b[4:]) == s.s1 }
