-- From format 1 to 2: what a durable crawl remembers, and the history of what the site says.

-- Look-ups of single things ---------------------------------------------------------------------------------------

-- The last answer to each question that was asked singly. kind: model, version, image (key: the number); hash (key:
-- digits, asked one by one, of any kind of hash); sha256 (key: 64 digits, asked in batches).
CREATE TABLE lookups (
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    outcome    TEXT NOT NULL,              -- found, absent, wrong (something else came back), failed
    version    INTEGER,                    -- what came back for a hash
    expires_at INTEGER,                    -- until when the answer spares a question; NULL: it spares none
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Which versions the site names for a SHA256: several may carry one file. They are fetched afterwards.
CREATE TABLE named_versions (
    hash    TEXT NOT NULL,
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (hash, version)
) STRICT, WITHOUT ROWID;

-- What a URL's last answer said of its own freshness, for conditional requests. Written with what the answer held.
CREATE TABLE url_marks (
    url           TEXT PRIMARY KEY,        -- without secrets
    etag          TEXT,
    last_modified TEXT
) STRICT, WITHOUT ROWID;
