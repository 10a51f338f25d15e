package static

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func newTest(t testing.TB) *Model {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func embed(t testing.TB, m *Model, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

func TestEqualsGolden(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Text   string
		IDs    []int32
		Vector []float64
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) != 199 {
		t.Fatalf("%d golden texts, want 199", len(golden))
	}
	m := newTest(t)
	tok, err := m.tokeniser()
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for _, g := range golden {
		if ids := tok.Append(nil, g.Text, maxPieces); !slices.Equal(ids, g.IDs) {
			t.Errorf("%.60q: ids %v, want %v", g.Text, ids, g.IDs)
		}
		if n := m.Count(g.Text); n < len(g.IDs) || (n > len(g.IDs) && len(g.IDs) < maxPieces) {
			t.Errorf("%.60q: counted %d, want %d", g.Text, n, len(g.IDs))
		}
		for i, v := range embed(t, m, g.Text)[0] {
			worst = max(worst, math.Abs(float64(v)-g.Vector[i]))
		}
	}
	if worst > 1e-4 {
		t.Errorf("a component is off by %g", worst)
	}
}

// TestIntegersLoseNothing compares with the sum in float64, which the golden
// file's four decimals are too coarse for.
func TestIntegersLoseNothing(t *testing.T) {
	t.Parallel()
	m := newTest(t)
	tok, err := m.tokeniser()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"a", "the", "os.path.join", sample, strings.Repeat("the of and ", 600), strings.Repeat("!", 512) + "zebra",
		strings.Repeat("the ", 500) + "xylophone",
	} {
		want := make([]float64, dim)
		length := 0.0
		for _, id := range tok.Append(nil, text, maxPieces) {
			for i := range want {
				want[i] += float64(m.scale(id)) * float64(int8(m.table[int(id)*dim+i]))
			}
		}
		for _, v := range want {
			length += v * v
		}
		for i, v := range embed(t, m, text)[0] {
			if diff := math.Abs(float64(v) - want[i]/math.Sqrt(length)); diff > 2e-5 {
				t.Errorf("%.30q: component %d is off by %g", text, i, diff)
			}
		}
	}
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	m := newTest(t)
	got := embed(t, m, "create an index", "", "漢字", "[PAD] is text", "how to make an index", "the weather in spring")
	for i, zero := range []bool{false, true, false, false, false, false} {
		if n := dot(got[i], got[i]); (zero && n != 0) || (!zero && math.Abs(n-1) > 1e-5) {
			t.Errorf("text %d: squared length %v", i, n)
		}
	}
	if near, far := dot(got[0], got[4]), dot(got[0], got[5]); near <= far {
		t.Errorf("the near text has %v, the far one %v", near, far)
	}
	if len(embed(t, m)) != 0 {
		t.Error("no text gave vectors")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestCountDoesNotAllocate(t *testing.T) {
	m := newTest(t)
	if n := testing.AllocsPerRun(10, func() { m.Count(sample) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// sample has 100 words.
var sample = strings.Repeat("Returns a tuple of (best_value, count): the lock must be held, otherwise ValueError is raised and nothing changes here. ", 5)

func BenchmarkEmbed(b *testing.B) {
	m := newTest(b)
	texts := slices.Repeat([]string{sample}, 64)
	embed(b, m, texts...)
	b.ReportAllocs()
	for b.Loop() {
		embed(b, m, texts...)
	}
	b.ReportMetric(float64(b.N)*float64(len(texts))/b.Elapsed().Seconds(), "texts/s")
}

func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		newTest(b).Count("a")
	}
}
