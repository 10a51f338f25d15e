package fetch

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/axon-mcp/axon-mcp/fault"
)

var errTooLarge = errors.New("over the size limit")

const (
	// maxEncodings bounds how deep encodings may be nested.
	maxEncodings = 3
	// sniffBytes is what a type is told from (WHATWG MIME Sniffing: at most
	// 1445; http.DetectContentType looks at 512).
	sniffBytes = 512
	// maxScratch is the largest buffer that is kept for the next body of unknown
	// length; such a body is copied out of it once, to its size.
	maxScratch = 1 << 20
	// maxWindow of zstd: RFC 9659 lets a decoder refuse more than 8 MiB.
	maxWindow = 8 << 20
)

// decoders are decompressors that are used again: theirs is most of the memory
// that a small page would cost.
type decoders struct{ gzip, br, zstd, scratch sync.Pool }

// read reads body through its content encodings. At most limit bytes are taken
// from each stage, so that neither a bomb nor a nested one gets further; beyond
// it fails with errTooLarge. sniff sees the first decoded bytes and may stop the
// reading. length is Content-Length, or negative.
func (d *decoders) read(body io.Reader, encodings string, length, limit int64, sniff func(start []byte) error) ([]byte, error) {
	names, err := encodingNames(encodings)
	if err != nil {
		return nil, err
	}
	r := io.Reader(&capped{r: connection{body}, left: limit})
	for i := len(names) - 1; i >= 0; i-- { // the last was applied last
		decoder, done, err := d.open(names[i], r)
		if err != nil {
			return nil, broken(names[i], err)
		}
		defer done()
		r = &capped{r: &named{r: decoder, encoding: names[i]}, left: limit}
		length = -1
	}
	if length >= 0 {
		buf := bytes.NewBuffer(make([]byte, 0, min(length, limit)+bytes.MinRead)) // ReadFrom wants room to see the end
		err := fill(buf, r, sniff)
		return buf.Bytes(), err
	}
	buf, ok := d.scratch.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	buf.Reset()
	if err := fill(buf, r, sniff); err != nil || buf.Cap() > maxScratch {
		return buf.Bytes(), err
	}
	whole := bytes.Clone(buf.Bytes())
	d.scratch.Put(buf)
	return whole, nil
}

// fill reads r to its end into buf, after a look at its start.
func fill(buf *bytes.Buffer, r io.Reader, sniff func(start []byte) error) error {
	if _, err := io.CopyN(buf, r, sniffBytes); err != nil && err != io.EOF {
		return err
	}
	if err := sniff(buf.Bytes()); err != nil {
		return err
	}
	_, err := buf.ReadFrom(r)
	return err
}

func encodingNames(encodings string) ([]string, error) {
	if encodings == "" {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(encodings, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && name != "identity" {
			names = append(names, name)
		}
	}
	if len(names) > maxEncodings {
		return nil, fault.New(fault.Unsupported, "the body is encoded more than three times over")
	}
	return names, nil
}

// open returns a decoder over r; done gives it back.
func (d *decoders) open(name string, r io.Reader) (decoder io.Reader, done func(), err error) {
	switch name {
	case "gzip", "x-gzip":
		return d.openGzip(r)
	case "br":
		z, ok := d.br.Get().(*brotli.Reader)
		if !ok {
			return brotli.NewReader(r), func() {}, nil
		}
		return z, func() { d.br.Put(z) }, z.Reset(r)
	case "zstd":
		return d.openZstd(r)
	case "deflate":
		return openDeflate(r)
	}
	return nil, nil, fault.Errorf(fault.Unsupported, "the body's encoding %q is not read", clip(name))
}

func (d *decoders) openGzip(r io.Reader) (io.Reader, func(), error) {
	z, ok := d.gzip.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	if err := z.Reset(r); err != nil {
		d.gzip.Put(z)
		return nil, nil, err
	}
	return z, func() { d.gzip.Put(z) }, nil
}

func (d *decoders) openZstd(r io.Reader) (io.Reader, func(), error) {
	z, ok := d.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		// One goroutine's worth: it starts none, so a dropped one leaks none.
		if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return nil, nil, err
		}
	}
	if err := z.Reset(r); err != nil {
		return nil, nil, err
	}
	return z, func() {
		_ = z.Reset(nil) // let go of the body
		d.zstd.Put(z)
	}, nil
}

// openDeflate reads both things that servers call deflate: zlib (RFC 9110,
// 8.4.1.2) and the bare stream.
func openDeflate(r io.Reader) (io.Reader, func(), error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil {
		return nil, nil, err
	}
	if head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		z, err := zlib.NewReader(b)
		return z, func() {}, err
	}
	return flate.NewReader(b), func() {}, nil
}

// named says which encoding was broken.
type named struct {
	r        io.Reader
	encoding string
}

// Read implements io.Reader.
func (n *named) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		err = broken(n.encoding, err)
	}
	return k, err
}

// broken keeps an error from below, such as a lost connection, what it is.
func broken(encoding string, err error) error {
	var known *fault.Error
	var below *connectionError
	switch {
	case errors.As(err, &known), errors.As(err, &below), errors.Is(err, errTooLarge):
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errTooLarge
	}
	return fault.Wrap(fault.Unavailable, err, "the server sent a body that is not %s, though it says so", encoding)
}

// connection marks what fails below the decoders: a connection that breaks is
// tried again, a broken encoding is not.
type connection struct{ body io.Reader }

// Read implements io.Reader.
func (c connection) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	if err != nil && err != io.EOF {
		err = &connectionError{err}
	}
	return n, err
}

type connectionError struct{ err error }

func (e *connectionError) Error() string { return fmt.Sprintf("read the body: %v", e.err) }
func (e *connectionError) Unwrap() error { return e.err }

// capped fails with errTooLarge instead of giving more than left bytes.
type capped struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
