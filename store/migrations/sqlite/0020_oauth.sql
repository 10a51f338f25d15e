-- Clients, codes, tokens and sessions (package oauth). Keys are hashes of what
-- they stand for; times are unix milliseconds.

-- +goose Up
CREATE TABLE oauth_entries (
    kind    TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    value   BLOB    NOT NULL, -- JSON
    expires INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_entries_expires ON oauth_entries (kind, expires);

-- +goose Down
DROP TABLE oauth_entries;
