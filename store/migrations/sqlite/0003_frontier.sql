-- The queues of crawls (package engine/crawl).

-- +goose Up
CREATE TABLE frontier_site (
    id      INTEGER PRIMARY KEY,
    job     TEXT    NOT NULL UNIQUE,
    scope   TEXT    NOT NULL,           -- what the crawl covers
    wave    INTEGER NOT NULL DEFAULT 0,
    seeded  INTEGER NOT NULL DEFAULT 0, -- sitemaps have been read
    spent   INTEGER NOT NULL DEFAULT 0, -- ns, by all attempts
    since   INTEGER NOT NULL,           -- unix ns
    touched INTEGER NOT NULL,           -- unix s, the last write
    stats   TEXT                        -- JSON; set when the crawl is done
);

CREATE TABLE frontier_page (
    id      INTEGER PRIMARY KEY,
    site    INTEGER NOT NULL,
    key     TEXT    NOT NULL,            -- the URL
    rank    INTEGER,                     -- place in the queue; NULL: never due
    depth   INTEGER NOT NULL,
    hops    INTEGER NOT NULL DEFAULT 0,
    again   INTEGER NOT NULL DEFAULT 0,  -- second look
    outcome TEXT    NOT NULL DEFAULT '', -- '': waiting
    reason  TEXT    NOT NULL DEFAULT '',
    asked   INTEGER NOT NULL DEFAULT 0,
    read    INTEGER NOT NULL DEFAULT 0,
    known   INTEGER NOT NULL DEFAULT 0,
    target  TEXT    NOT NULL DEFAULT '',
    hash    INTEGER NOT NULL DEFAULT 0,
    chunks  INTEGER NOT NULL DEFAULT 0,
    bytes   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site, key)
);
CREATE INDEX frontier_page_rank ON frontier_page (site, rank);

-- Apart from the pages, so that those stay quick to scan.
CREATE TABLE frontier_block (
    page   INTEGER PRIMARY KEY, -- frontier_page.id
    cut    INTEGER NOT NULL,    -- sum of the blocks already cut
    blocks BLOB    NOT NULL     -- fingerprints, sorted, 8 bytes each
);

-- What finished crawls leave to the next one of the same scope.
CREATE TABLE frontier_scope (
    scope       TEXT    PRIMARY KEY,
    boilerplate BLOB    NOT NULL,
    soft404     BLOB    NOT NULL,
    shrunk      INTEGER NOT NULL,
    finished    INTEGER NOT NULL -- unix s
) WITHOUT ROWID;

CREATE TABLE frontier_stored (
    scope TEXT NOT NULL,
    key   TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE frontier_stored;
DROP TABLE frontier_scope;
DROP TABLE frontier_block;
DROP TABLE frontier_page;
DROP TABLE frontier_site;
