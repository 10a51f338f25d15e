package index

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// maxUnpacked bounds what a row may unpack to, in bytes.
const maxUnpacked = 256 << 20

// packer compresses what rows hold. It costs nothing until it is used. A level
// higher takes twice the time and saves a twentieth.
type packer struct {
	encoder func() (*zstd.Encoder, error)
	decoder func() (*zstd.Decoder, error)
}

func newPacker() *packer {
	return &packer{
		encoder: sync.OnceValues(func() (*zstd.Encoder, error) {
			return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
				zstd.WithWindowSize(1<<18), zstd.WithEncoderConcurrency(2))
		}),
		decoder: sync.OnceValues(func() (*zstd.Decoder, error) {
			return zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxUnpacked))
		}),
	}
}

func (p *packer) pack(b []byte) ([]byte, error) {
	enc, err := p.encoder()
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return enc.EncodeAll(b, make([]byte, 0, len(b)/3)), nil
}

func (p *packer) unpack(b []byte) ([]byte, error) {
	dec, err := p.decoder()
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	return dec.DecodeAll(b, nil)
}

// packJSON and unpackJSON are for what is read seldom: headings and cuts.
func packJSON[T any](p *packer, list []T) ([]byte, error) {
	if len(list) == 0 {
		return []byte{}, nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return p.pack(b)
}

func unpackJSON[T any](p *packer, b []byte) (list []T, err error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b, err = p.unpack(b); err != nil {
		return nil, err
	}
	return list, json.Unmarshal(b, &list)
}

// packLinks keeps URLs, which hold no line end.
func (p *packer) packLinks(links []string) ([]byte, error) {
	if len(links) == 0 {
		return []byte{}, nil
	}
	return p.pack([]byte(strings.Join(links, "\n")))
}

func (p *packer) unpackLinks(b []byte) ([]string, error) {
	if len(b) == 0 {
		return nil, nil
	}
	b, err := p.unpack(b)
	return strings.Split(string(b), "\n"), err
}

func packBlocks(blocks []uint64) []byte {
	out := make([]byte, 0, 8*len(blocks))
	for _, b := range blocks {
		out = binary.LittleEndian.AppendUint64(out, b)
	}
	return out
}

func unpackBlocks(b []byte) []uint64 {
	var out []uint64
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, binary.LittleEndian.Uint64(b))
	}
	return out
}

// storedText is what the columns of document_texts hold.
type storedText struct {
	markdown string
	layout   []chunkLayout
	headings []content.Heading // of the page as fetched
	cuts     []content.Cut
}

// fingerprints are those of packed cuts.
func (p *packer) fingerprints(packed []byte) ([]uint64, error) {
	cuts, err := unpackJSON[content.Cut](p, packed)
	if err != nil {
		return nil, fmt.Errorf("read the cuts: %w", err)
	}
	prints := make([]uint64, len(cuts))
	for i, cut := range cuts {
		prints[i] = cut.Fingerprint
	}
	return prints, nil
}

func (p *packer) unpackText(layout, markdown, headings, cuts []byte) (t storedText, err error) {
	md, err := p.unpack(markdown)
	if err != nil {
		return t, fmt.Errorf("unpack the Markdown: %w", err)
	}
	t.markdown = string(md)
	if t.layout, err = decodeLayout(layout, len(md)); err != nil {
		return t, fmt.Errorf("read the layout: %w", err)
	}
	if t.headings, err = unpackJSON[content.Heading](p, headings); err != nil {
		return t, fmt.Errorf("read the headings: %w", err)
	}
	if t.cuts, err = unpackJSON[content.Cut](p, cuts); err != nil {
		return t, fmt.Errorf("read the cuts: %w", err)
	}
	return t, nil
}
