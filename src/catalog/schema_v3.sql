-- From format 2 to 3: files of this machine.

-- A seed above 2^63 - 1, as the signed number with the same 64 bits; `seed` is NULL then.
ALTER TABLE images ADD COLUMN seed_high INTEGER;

-- Folders that are scanned, none inside another. path: absolute, the platform's bytes.
CREATE TABLE roots (
    root       INTEGER PRIMARY KEY,
    path       BLOB NOT NULL UNIQUE,
    online     INTEGER NOT NULL,           -- 0: not there when last looked for
    scanned_at INTEGER                     -- when a scan of all of it last came to its end
) STRICT;

-- Files below roots, as last seen. A picture's metadata are the raw record of its image.
CREATE TABLE local_files (
    file          INTEGER PRIMARY KEY,
    root          INTEGER NOT NULL REFERENCES roots (root),
    path          BLOB NOT NULL,           -- below the root, the platform's bytes
    size_bytes    INTEGER NOT NULL,
    modified_ns   INTEGER NOT NULL,        -- since 1970-01-01 UTC
    device        INTEGER NOT NULL,        -- device and inode as the signed numbers of the same 64 bits; 0 where
    inode         INTEGER NOT NULL,        -- the platform has none
    kind          INTEGER NOT NULL,        -- 1 image, 2 video, 3 model, 4 sidecar, 5 other
    state         INTEGER NOT NULL,        -- 1 present, 2 missing, 3 failed
    reason        TEXT,                    -- why it failed
    missing_since INTEGER,
    sample        INTEGER,                 -- 64 bits of a BLAKE3 over size, first and last bytes
    content       BLOB,                    -- BLAKE3 of all bytes (32 bytes)
    image         INTEGER,                 -- the image that it is, or that it is a sidecar of
    generation    INTEGER NOT NULL,
    UNIQUE (root, path)
) STRICT;
CREATE INDEX local_files_by_image ON local_files (image) WHERE image IS NOT NULL;
CREATE INDEX local_files_odd ON local_files (state) WHERE state <> 1;
CREATE INDEX local_model_files ON local_files (file) WHERE kind = 3;

-- What local model files say of themselves. Size, time and sample are those of the bytes that were read: a row that
-- differs from local_files in them is out of date.
CREATE TABLE local_models (
    file         INTEGER PRIMARY KEY REFERENCES local_files (file) ON DELETE CASCADE,
    size_bytes   INTEGER NOT NULL,
    modified_ns  INTEGER NOT NULL,
    sample       INTEGER,
    format       TEXT,                     -- safetensors, gguf, pickle; NULL: none of these
    kind         INTEGER NOT NULL,         -- as in resources
    architecture TEXT,
    title        TEXT,
    author       TEXT,
    tensors      INTEGER NOT NULL,
    truth        TEXT,                     -- unclaimed, consistent, stale; NULL: the weights were not hashed
    header       BLOB                      -- a zstd frame of a JSON object: the header's keys and values as text
) STRICT;

-- Hashes of local model files; kind as in file_hashes, but AutoV3 with all its 64 digits.
CREATE TABLE local_hashes (
    file INTEGER NOT NULL REFERENCES local_files (file) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (file, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX local_hashes_by_hash ON local_hashes (hash, kind);

-- What a local model file says that it descends from, in the order in which it says so.
CREATE TABLE local_ancestry (
    file     INTEGER NOT NULL REFERENCES local_files (file) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    descent  TEXT NOT NULL,                -- trained_on, merged_from ...
    evidence TEXT NOT NULL,                -- sha256, tensor_hash, short_hash, name, guess
    hash     TEXT,
    name     TEXT,
    role     TEXT,
    method   TEXT,
    child    TEXT,                         -- the ancestor that descends so; NULL: the file itself
    key      TEXT NOT NULL,                -- the key of the header that says it
    PRIMARY KEY (file, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX local_ancestry_by_hash ON local_ancestry (hash) WHERE hash IS NOT NULL;
