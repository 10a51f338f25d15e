package fetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/axon-mcp/axon-mcp/fault"
)

const errnoReset = syscall.ECONNRESET

func squeeze(t testing.TB, name string, text []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	var err error
	switch name {
	case "gzip":
		w = gzip.NewWriter(&buf)
	case "br":
		w = brotli.NewWriterLevel(&buf, brotli.BestSpeed)
	case "zstd":
		w, err = zstd.NewWriter(&buf)
	case "deflate":
		w = zlib.NewWriter(&buf)
	case "bare deflate":
		w, err = flate.NewWriter(&buf, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func anything([]byte) error { return nil }

// TestEncodings: rule C9.
func TestEncodings(t *testing.T) {
	t.Parallel()
	const limit = 1 << 18
	text := []byte(strings.Repeat("words of a page ", 1000))
	bomb := bytes.Repeat([]byte("a"), 8<<20)
	tests := map[string]struct {
		encoding string
		body     []byte
		want     []byte
		err      error
		code     fault.Code
	}{
		"plain":           {"", text, text, nil, ""},
		"identity":        {"identity", text, text, nil, ""},
		"empty":           {"", nil, nil, nil, ""},
		"gzip":            {"GZIP", squeeze(t, "gzip", text), text, nil, ""},
		"two members":     {"gzip", append(squeeze(t, "gzip", text[:100]), squeeze(t, "gzip", text[100:])...), text, nil, ""},
		"br":              {"br", squeeze(t, "br", text), text, nil, ""},
		"zstd":            {"zstd", squeeze(t, "zstd", text), text, nil, ""},
		"deflate":         {"deflate", squeeze(t, "deflate", text), text, nil, ""},
		"bare deflate":    {"deflate", squeeze(t, "bare deflate", text), text, nil, ""},
		"nested":          {"br, gzip", squeeze(t, "gzip", squeeze(t, "br", text)), text, nil, ""},
		"at the limit":    {"gzip", squeeze(t, "gzip", bomb[:limit]), bomb[:limit], nil, ""},
		"over the limit":  {"gzip", squeeze(t, "gzip", bomb[:limit+1]), nil, errTooLarge, ""},
		"gzip bomb":       {"gzip", squeeze(t, "gzip", bomb), nil, errTooLarge, ""},
		"br bomb":         {"br", squeeze(t, "br", bomb), nil, errTooLarge, ""},
		"zstd bomb":       {"zstd", squeeze(t, "zstd", bomb), nil, errTooLarge, ""},
		"nested bomb":     {"gzip, gzip, gzip", squeeze(t, "gzip", squeeze(t, "gzip", squeeze(t, "gzip", bomb))), nil, errTooLarge, ""},
		"too nested":      {"gzip, gzip, gzip, gzip", text, nil, nil, fault.Unsupported},
		"plain and long":  {"", bomb[:limit+1], nil, errTooLarge, ""},
		"unknown":         {"rot13", text, nil, nil, fault.Unsupported},
		"not gzip":        {"gzip", text, nil, nil, fault.Unavailable},
		"not br":          {"br", []byte("\xff\xff\xff"), nil, nil, fault.Unavailable},
		"not zstd":        {"zstd", text, nil, nil, fault.Unavailable},
		"cut gzip":        {"gzip", squeeze(t, "gzip", text)[:40], nil, nil, fault.Unavailable},
		"zstd window":     {"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0, 0}, nil, errTooLarge, ""},
		"a name of lines": {"x\r\ny", text, nil, nil, fault.Unsupported},
	}
	var d decoders
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 3 { // the second comes out of the pool
				got, err := d.read(bytes.NewReader(test.body), test.encoding, -1, limit, anything)
				if test.err != nil && !errors.Is(err, test.err) || test.code != "" && fault.CodeOf(err) != test.code {
					t.Fatalf("got %v, want %v %s", err, test.err, test.code)
				}
				if test.err != nil || test.code != "" {
					continue
				}
				if err != nil || !bytes.Equal(got, test.want) {
					t.Fatalf("got %d bytes, %v", len(got), err)
				}
			}
		})
	}
}

// A result does not change when the buffers are used again.
func TestBodiesDoNotShare(t *testing.T) {
	t.Parallel()
	var d decoders
	first, err := d.read(strings.NewReader(strings.Repeat("a", 2000)), "", -1, 1<<20, anything)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := d.read(strings.NewReader(strings.Repeat("b", 2000)), "", -1, 1<<20, anything); err != nil {
			t.Fatal(err)
		}
	}
	if string(first) != strings.Repeat("a", 2000) {
		t.Error("a later body is written over an earlier one")
	}
}

// A server that says too little of its body gets no further than it sends.
// Rule C9.
func TestBombOverHTTP(t *testing.T) {
	t.Parallel()
	body := squeeze(t, "zstd", bytes.Repeat([]byte("a"), 8<<20))
	c, addr := serve(t, Config{MaxBytes: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "zstd")
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(body)
	})
	if _, err := c.Fetch(t.Context(), Request{URL: addr}); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"gzip", "br", "zstd", "deflate"} {
		f.Add(name, squeeze(f, name, []byte("<p>words of a page")))
	}
	f.Add("br, gzip", []byte{})
	var d decoders
	f.Fuzz(func(t *testing.T, encodings string, body []byte) {
		const limit = 1 << 16
		got, err := d.read(bytes.NewReader(body), encodings, -1, limit, anything)
		if err == nil && len(got) > limit {
			t.Fatalf("%d bytes passed", len(got))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(strings.Repeat("<p>words of a page</p>", 1000))
	for _, name := range []string{"gzip", "br", "zstd"} {
		body := squeeze(b, name, text)
		b.Run(fmt.Sprintf("%s/%d", name, len(text)), func(b *testing.B) {
			var d decoders
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := d.read(bytes.NewReader(body), name, -1, 1<<20, anything); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
