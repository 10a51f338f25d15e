-- Long work (package jobs). Times are unix milliseconds by the database's clock.

-- +goose Up
CREATE TABLE jobs (
    id       TEXT    PRIMARY KEY,
    kind     TEXT    NOT NULL,
    key      TEXT    NOT NULL,              -- '': never joined
    owner    TEXT    NOT NULL,              -- who asked
    status   TEXT    NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed', 'canceled')),
    request  TEXT    NOT NULL,              -- JSON
    result   TEXT    NOT NULL DEFAULT '',   -- JSON, or ''
    progress TEXT    NOT NULL DEFAULT '{}', -- JSON
    code     TEXT    NOT NULL DEFAULT '',   -- of a failed job
    message  TEXT    NOT NULL DEFAULT '',   -- of a failed job
    attempt  INTEGER NOT NULL DEFAULT 0,    -- claims that count; a shutdown's do not
    claim    INTEGER NOT NULL DEFAULT 0,    -- claims, all of them: the fence of every write of a worker
    lost     INTEGER NOT NULL DEFAULT 0,    -- leases lost one after the other without progress
    mark     INTEGER NOT NULL DEFAULT 0,    -- progress.done when a lease was lost, at most so far
    cancel   INTEGER NOT NULL DEFAULT 0,    -- the user wants it to stop
    lessee   TEXT    NOT NULL DEFAULT '',   -- process that runs it: a file in procs/
    until    INTEGER NOT NULL DEFAULT 0,    -- end of the lease
    due      INTEGER NOT NULL,              -- not claimed before
    created  INTEGER NOT NULL,
    started  INTEGER NOT NULL DEFAULT 0,    -- first claim
    finished INTEGER NOT NULL DEFAULT 0     -- 0 until done
) STRICT;
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE key <> '' AND finished = 0;
CREATE INDEX jobs_open ON jobs (status, due) WHERE finished = 0;
CREATE INDEX jobs_created ON jobs (created, id);

CREATE TABLE job_events (
    id      INTEGER PRIMARY KEY,
    job     TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    message TEXT    NOT NULL
) STRICT;
CREATE INDEX job_events_job ON job_events (job, id);

-- +goose Down
DROP TABLE job_events;
DROP TABLE jobs;
