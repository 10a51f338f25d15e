-- Documents and their search index (package engine/index). Times are unix
-- milliseconds, 0 where not known.

-- +goose Up

-- One row. generation rises with every change that a search can see, epoch with
-- every change of the segments.
CREATE TABLE index_state (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    epoch      INTEGER NOT NULL
);
INSERT INTO index_state VALUES (1, 0, 0);

-- rev is the generation in which the document got its present text: a new
-- text is a new rev.
CREATE TABLE documents (
    rev           INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    collection    TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    description   TEXT    NOT NULL,
    source_type   TEXT    NOT NULL,
    domain        TEXT    NOT NULL,
    lang          TEXT    NOT NULL,
    author        TEXT    NOT NULL,
    generator     TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    published     INTEGER NOT NULL,
    modified      INTEGER NOT NULL,
    hash          TEXT    NOT NULL,
    etag          TEXT    NOT NULL,
    last_modified TEXT    NOT NULL,
    fetched       INTEGER NOT NULL,
    changed       INTEGER NOT NULL,
    job           TEXT    NOT NULL,
    missing       INTEGER NOT NULL, -- times not found since it was last seen
    chunks        INTEGER NOT NULL,
    bytes         INTEGER NOT NULL, -- of the Markdown
    model         TEXT    NOT NULL, -- of its vectors; '' for none
    simhash       INTEGER NOT NULL
);
CREATE UNIQUE INDEX documents_url ON documents (collection, url);
CREATE INDEX documents_sums ON documents (collection, domain, source_type, chunks, bytes, fetched);
CREATE INDEX documents_fetched ON documents (fetched);
CREATE INDEX documents_model ON documents (model);

-- What only one reader at a time needs of a document, apart from the rows that
-- listings scan. markdown and what follows are zstd frames.
CREATE TABLE document_texts (
    rev      INTEGER PRIMARY KEY REFERENCES documents (rev) ON DELETE CASCADE ON UPDATE CASCADE,
    layout   BLOB NOT NULL, -- of the chunks: byte ranges, heading paths
    markdown BLOB NOT NULL,
    headings BLOB NOT NULL, -- of the page as fetched
    cuts     BLOB NOT NULL, -- what was learned to be boilerplate
    blocks   BLOB NOT NULL, -- fingerprints of the page as fetched
    links    BLOB NOT NULL
);

-- Documents that are in no segment yet, ready to search.
CREATE TABLE index_tail (
    rev    INTEGER PRIMARY KEY,
    chunks INTEGER NOT NULL,
    record BLOB    NOT NULL
);

-- Revs that died since the segment (or tail row) that held them was written.
CREATE TABLE index_dead (
    rev    INTEGER PRIMARY KEY,
    change INTEGER NOT NULL -- the generation in which it died
);
CREATE INDEX index_dead_change ON index_dead (change);

-- A segment holds every rev of low..high that is not in index_tail and was
-- alive when it was written. The ranges do not overlap.
CREATE TABLE index_segments (
    low    INTEGER PRIMARY KEY,
    high   INTEGER NOT NULL,
    file   TEXT    NOT NULL UNIQUE, -- below segments/
    docs   INTEGER NOT NULL,
    chunks INTEGER NOT NULL
);

-- +goose Down
DROP TABLE index_segments;
DROP TABLE index_dead;
DROP TABLE index_tail;
DROP TABLE document_texts;
DROP TABLE documents;
DROP TABLE index_state;
