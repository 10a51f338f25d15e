package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"unsafe"
)

// sectionWriter writes the sections of a segment file one after the other and
// its head at the end.
type sectionWriter struct {
	file    *os.File
	out     *bufio.Writer
	at      int64
	section int // open section
	table   [sections]struct {
		offset, length int64
		crc            uint32
	}
	err error // the first; later writes do nothing
}

const fileBuffer = 1 << 18

func newSectionWriter(path string) (*sectionWriter, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	w := &sectionWriter{file: f, out: bufio.NewWriterSize(f, fileBuffer)}
	w.pad(headSize)
	return w, nil
}

// begin opens a section, which ends where the next begins.
func (w *sectionWriter) begin(section int) {
	w.pad((w.at + sectionAlign - 1) / sectionAlign * sectionAlign)
	w.section = section
	w.table[section].offset = w.at
}

func (w *sectionWriter) pad(to int64) {
	var zeros [headSize]byte
	_, err := w.out.Write(zeros[:to-w.at])
	w.at = to
	w.keep(err)
}

func (w *sectionWriter) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *sectionWriter) write(b []byte) {
	if w.err != nil {
		return
	}
	s := &w.table[w.section]
	s.crc = crc32.Update(s.crc, castagnoli, b)
	s.length += int64(len(b))
	w.at += int64(len(b))
	_, err := w.out.Write(b)
	w.keep(err)
}

// writeColumn writes a whole section of numbers.
func writeColumn[T number](w *sectionWriter, section int, column []T) {
	w.begin(section)
	w.write(asBytes(column))
}

// asBytes returns numbers as little endian bytes: in place where the machine
// has that order.
func asBytes[T number](column []T) []byte {
	if len(column) == 0 {
		return nil
	}
	if littleEndian() {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(column))), len(column)*int(unsafe.Sizeof(column[0])))
	}
	b, err := binary.Append(nil, binary.LittleEndian, column)
	if err != nil {
		return nil // cannot be: numbers have a size
	}
	return b
}

// finish writes the head, brings the file to the disk and closes it.
func (w *sectionWriter) finish(h head) error {
	w.keep(w.out.Flush())
	if w.err == nil {
		_, err := w.file.WriteAt(w.head(h), 0)
		w.keep(err)
	}
	if w.err == nil {
		w.keep(w.file.Sync())
	}
	return errors.Join(w.err, w.file.Close())
}

// head is what a file says of its contents.
type head struct {
	model      string
	dim, terms int
	totals
}

func (w *sectionWriter) head(h head) []byte {
	b := make([]byte, 0, headSize)
	b = append(b, segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, segmentVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.dim))
	for _, n := range []uint64{uint64(h.docs), uint64(h.chunks), uint64(h.terms), h.chunkWords, h.pageWords} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	for _, s := range w.table {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.offset))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.length))
		b = binary.LittleEndian.AppendUint32(b, s.crc)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(h.model)))
	b = append(b, h.model...)
	b = b[:headSize]
	binary.LittleEndian.PutUint32(b[headSize-4:], crc32.Checksum(b[:headSize-4], castagnoli))
	return b
}

// abandon closes and removes an unfinished file.
func (w *sectionWriter) abandon() error {
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

var errModelName = fmt.Errorf("the model's name is longer than %d bytes", maxModelName)
