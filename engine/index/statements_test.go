package index

import (
	"database/sql"
	"testing"
)

// TestStatementsOutliveTheirConnection writes over connections that are closed
// in between, as idle ones are.
func TestStatementsOutliveTheirConnection(t *testing.T) {
	t.Parallel()
	ix := open(t, t.TempDir(), &hashed{id: "a"})
	ix.db.Write.SetMaxIdleConns(-1)
	for i, want := range []Change{Added, Unchanged, Changed} {
		w := write(t, ix, entry("https://x.example/", "Page", []string{"one", "one", "two"}[i]))
		if w.Change != want {
			t.Errorf("write %d: %v, want %v", i, w.Change, want)
		}
	}
	if ix.puts.of(insertDoc) == nil {
		t.Error("the statements were not prepared")
	}
	err := ix.db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, stored, _, ok, err := storedOf(t.Context(), quick{tx, &statements{}}, documentID("docs", "https://x.example/"))
		if !ok || stored == "" {
			t.Error("a query that was not prepared did not run")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
