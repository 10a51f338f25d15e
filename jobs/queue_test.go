package jobs_test

import (
	"testing"

	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/jobs/jobstest"
	"github.com/axon-mcp/axon-mcp/store"
)

func TestSQLiteHoldsTheContract(t *testing.T) {
	t.Parallel()
	jobstest.Run(t, func(t *testing.T, cfg jobs.Config) func() *jobs.Queue {
		dir := t.TempDir()
		return func() *jobs.Queue {
			db, err := store.Open(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			return jobs.NewQueue(db, cfg, nil)
		}
	})
}
