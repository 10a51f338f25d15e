package index

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// someRecord is a record as Write makes it.
func someRecord(t testing.TB) record {
	t.Helper()
	h := &hashed{id: "hashed-1"}
	bodies := []string{"read a file with os.path.join", "", "CREATE INDEX on a table of 検索"}
	vectors, err := h.Embed(t.Context(), bodies)
	if err != nil {
		t.Fatal(err)
	}
	return newRecordBuilder().build(text{
		title: "A title", names: names{wholeName + "a title"}, bodies: bodies,
		paths:      []string{"A title", "", "Section › Two"},
		chunkNames: []names{nil, {wholeName + "os.path.join", partName + "join"}, {wholeName + "two"}},
	}, h.id, vectors)
}

// FuzzRecord: damaged bytes of a row give an error or a record that can be
// searched, never a panic, and what decodes is written the same again.
func FuzzRecord(f *testing.F) {
	r := someRecord(f)
	f.Add(r.encode())
	f.Add(newRecordBuilder().record())
	f.Add([]byte{recordVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeRecord(bytes.Clone(b))
		if err != nil {
			return
		}
		again, err := decodeRecord(got.encode())
		if err != nil || !slices.Equal(again.terms, got.terms) || len(again.bodies) != len(got.bodies) {
			t.Fatalf("read back: %v", err)
		}
		tail := newTail("hashed-1", hashedDim)
		tail.add(docMeta{rev: 1, url: "u"}, &got)
		tail.bury(0)
		if tail.totals.chunks != 0 || tail.totals.chunkWords != 0 || tail.totals.pageWords != 0 {
			t.Fatalf("a buried document is counted: %+v", tail.totals)
		}
	})
}

// TestDamagedTexts: a list that ends early gives nothing of what lies behind it.
func TestDamagedTexts(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{{2, 1, 'a', 5, 'b'}, {2, 1, 'a'}, {9}, {}} {
		if d := (decoder{buf: b}); strings.Join(d.texts(), "") > "a" || !d.bad {
			t.Errorf("%q was read as whole", b)
		}
	}
	d := decoder{buf: []byte{3, 1, 'a', 0, 2, 'b', 'c', 7}}
	if got := d.texts(); !slices.Equal(got, []string{"a", "", "bc"}) || d.bad || d.left() != 1 {
		t.Errorf("got %q, %d left", got, d.left())
	}
}

// record is the record of an empty document, encoded.
func (b *recordBuilder) record() []byte {
	r := b.build(text{}, "", nil)
	return r.encode()
}

// TestRecordKeepsVectors holds the codes to the precision that they promise.
func TestRecordKeepsVectors(t *testing.T) {
	t.Parallel()
	r := someRecord(t)
	got, err := decodeRecord(r.encode())
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := (&hashed{id: "hashed-1"}).Embed(t.Context(), []string{"read a file with os.path.join"})
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range vectors[0] {
		kept := got.vectors.scale[0] * (float32(got.vectors.high[i]) + float32(got.vectors.low[i])/fine)
		if math.Abs(float64(kept-x)) > float64(got.vectors.scale[0])/500 {
			t.Errorf("component %d is %v, was %v", i, kept, x)
		}
	}
}

// TestDamagedSegments flips bytes all over a segment file: opening, searching
// and verifying fail in words or work, and never panic.
func TestDamagedSegments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := &hashed{id: "hashed-1"}
	ix := open(t, dir, h)
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		write(t, ix, randomEntry(r))
	}
	if err := ix.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(ix.dir, "*"+segmentExt))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: %v", files, err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	caught := 0
	for range 200 {
		b := bytes.Clone(whole)
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		seg, err := readSegment(b)
		if err == nil {
			err = seg.verify()
		}
		if err != nil {
			caught++
		}
	}
	if caught < 180 { // what is between sections is in no checksum
		t.Errorf("only %d of 200 damaged segments were found out", caught)
	}
}

func FuzzPostings(f *testing.F) {
	f.Add([]byte{0}, 1, 1)
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 10)
	f.Fuzz(func(_ *testing.T, b []byte, n, chunks int) {
		if n < 0 || chunks < 0 || n > 1<<16 || chunks > 1<<20 {
			return
		}
		list, ok := openPostings(b, n, chunks)
		if !ok {
			return
		}
		c := newCursor(list)
		for block := range list.blocks() {
			if !c.load(block) {
				return
			}
			for i := range c.n {
				if int(c.chunks[i]) >= chunks {
					panic("a chunk that is not there")
				}
			}
		}
	})
}
