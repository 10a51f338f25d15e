package index

import (
	"encoding/binary"
	"math"
)

// decoder reads varints and byte strings from a buffer that may be damaged.
// Reading past the end, or a length that cannot be, gives zeros and sets bad;
// whoever decodes looks at bad once, at the end.
type decoder struct {
	buf []byte
	pos int
	bad bool
}

// left is the number of bytes not read yet.
func (d *decoder) left() int { return len(d.buf) - d.pos }

// uvarint reads one unsigned varint (LEB128, as encoding/binary writes it).
func (d *decoder) uvarint() uint64 {
	if d.pos < len(d.buf) && d.buf[d.pos] < 0x80 { // most are one byte
		d.pos++
		return uint64(d.buf[d.pos-1])
	}
	v, n := binary.Uvarint(d.buf[d.pos:])
	if n <= 0 {
		d.fail()
		return 0
	}
	d.pos += n
	return v
}

// varint reads one signed varint (zigzag, as encoding/binary writes it).
func (d *decoder) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// count reads a number of things that take at least one byte each, so that a
// damaged one can never ask for more memory than the buffer has bytes.
func (d *decoder) count() int {
	v := d.uvarint()
	if v > uint64(d.left()) {
		d.fail()
		return 0
	}
	return int(v)
}

// number reads a value that must fit in 31 bits.
func (d *decoder) number() int {
	v := d.uvarint()
	if v > math.MaxInt32 {
		d.fail()
		return 0
	}
	return int(v)
}

// bytes returns the next n bytes of the buffer itself.
func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > d.left() {
		d.fail()
		return nil
	}
	d.pos += n
	return d.buf[d.pos-n : d.pos : d.pos]
}

// block reads a length and that many bytes.
func (d *decoder) block() []byte { return d.bytes(d.count()) }

// text reads a length and a string of that many bytes.
func (d *decoder) text() string { return string(d.block()) }

// texts reads a number and that many strings, which share their memory.
func (d *decoder) texts() []string {
	out := make([]string, d.count())
	from := d.pos
	for range out {
		d.block()
	}
	all := decoder{buf: d.buf[:d.pos], pos: from}
	shared := string(d.buf[from:d.pos])
	for i := range out {
		n := len(all.block())
		out[i] = shared[all.pos-from-n : all.pos-from]
	}
	return out
}

// float reads a float32.
func (d *decoder) float() float32 {
	b := d.bytes(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func (d *decoder) fail() {
	d.bad = true
	d.pos = len(d.buf)
}

func appendUvarint(dst []byte, v int) []byte { return binary.AppendUvarint(dst, uint64(v)) }

func appendBlock(dst, block []byte) []byte {
	return append(appendUvarint(dst, len(block)), block...)
}

func appendText(dst []byte, s string) []byte {
	return append(appendUvarint(dst, len(s)), s...)
}

func appendFloat(dst []byte, f float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
}
