-- Long work (package jobs). Times are unix milliseconds by the database's clock.

-- +goose Up
CREATE TABLE jobs (
    id        TEXT    PRIMARY KEY,
    kind      TEXT    NOT NULL,
    key       TEXT    NOT NULL,             -- '': never joined
    owner     TEXT    NOT NULL,
    status    TEXT    NOT NULL,
    request   BLOB    NOT NULL,
    result    BLOB,
    progress  BLOB    NOT NULL DEFAULT '{}',
    code      TEXT    NOT NULL DEFAULT '',  -- of a failed job
    message   TEXT    NOT NULL DEFAULT '',
    attempt   INTEGER NOT NULL DEFAULT 0,
    strikes   INTEGER NOT NULL DEFAULT 0,   -- processes that died on it without getting further
    cancel    INTEGER NOT NULL DEFAULT 0,   -- the user wants it to stop
    lessee    TEXT    NOT NULL DEFAULT '',  -- process that runs it
    until     INTEGER NOT NULL DEFAULT 0,   -- end of the lease
    due       INTEGER NOT NULL DEFAULT 0,   -- not claimed before
    created   INTEGER NOT NULL,
    started   INTEGER NOT NULL DEFAULT 0,
    finished  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX jobs_key ON jobs (kind, key) WHERE key <> '' AND finished = 0;
CREATE INDEX jobs_open ON jobs (status, due) WHERE finished = 0;
CREATE INDEX jobs_created ON jobs (created, id);

CREATE TABLE job_events (
    id      INTEGER PRIMARY KEY,
    job     TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    message TEXT    NOT NULL
);
CREATE INDEX job_events_job ON job_events (job, id);

-- +goose Down
DROP TABLE job_events;
DROP TABLE jobs;
