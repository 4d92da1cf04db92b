-- From format 1 to 2: what a durable crawl remembers, and the history of what the site says.

-- Walks over listings.
ALTER TABLE crawls ADD COLUMN walk INTEGER NOT NULL DEFAULT 1;       -- which walk over the listing this is, from 1
ALTER TABLE crawls ADD COLUMN end_reason TEXT;                       -- why it ended, or stands still
ALTER TABLE crawls ADD COLUMN counts TEXT NOT NULL DEFAULT '{}';     -- JSON object: what was counted on the way

-- One row a committed page of a walk: what a resumed walk must remember, and what its boundaries are checked against.
CREATE TABLE crawl_pages (
    listing       TEXT NOT NULL,
    walk          INTEGER NOT NULL,
    page          INTEGER NOT NULL,        -- from 1, in the order committed
    kind          INTEGER NOT NULL,        -- 1 a page of the listing, 2 items lost between pages, asked for by id
    cursor        TEXT,                    -- the position before it; for kind 2 the ids asked for, with commas
    next_cursor   TEXT,                    -- the position after it; NULL at the end
    page_limit    INTEGER NOT NULL,
    items         INTEGER NOT NULL,        -- received, damaged ones included
    fresh         INTEGER NOT NULL,        -- not seen before in this walk
    without_meta  INTEGER NOT NULL,
    contradicting INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    ids           BLOB NOT NULL,           -- 8 bytes an item, little-endian: its id, or a hash of its name
    at            INTEGER NOT NULL,
    PRIMARY KEY (listing, walk, page)
) STRICT;

-- A listing that is walked in parts: the parts of the present round, and which of them are through.
CREATE TABLE crawl_parts (
    listing TEXT NOT NULL,
    part    TEXT NOT NULL,                 -- another listing
    done    INTEGER NOT NULL,
    PRIMARY KEY (listing, part)
) STRICT, WITHOUT ROWID;

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

-- What a document changed about something known before. Prompts are never kept here: an owner may withdraw them.
CREATE TABLE history (
    kind       TEXT NOT NULL,              -- model, version, image
    id         INTEGER NOT NULL,
    generation INTEGER NOT NULL,           -- the batch that changed it; its time is in generations
    field      TEXT NOT NULL,
    was        TEXT,                       -- NULL: it had no value
    now        TEXT,                       -- NULL: it has no value any more
    PRIMARY KEY (kind, id, generation, field)
) STRICT, WITHOUT ROWID;
