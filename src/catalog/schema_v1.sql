-- The catalog of Stemmata, format 1. Times are milliseconds since 1970-01-01 UTC.
-- `generation` on a row is the batch that last changed it.

-- One row a committed batch.
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    stage      TEXT NOT NULL,              -- import, crawl, link ...
    source     TEXT NOT NULL,              -- a path, or a URL without secrets
    items      INTEGER NOT NULL
) STRICT;

-- Small facts about the catalog itself, such as how far linking has come.
CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- Items as received: a zstd frame of an RFC 7464 JSON text sequence. Position 0 is the first item.
CREATE TABLE raw_blocks (
    block INTEGER PRIMARY KEY REFERENCES generations (generation),
    items INTEGER NOT NULL,
    data  BLOB NOT NULL
) STRICT;

CREATE TABLE models (
    model                   INTEGER PRIMARY KEY,
    generation              INTEGER NOT NULL,
    seen_at                 INTEGER,       -- NULL: only named by others
    name                    TEXT,
    kind                    TEXT,
    description             TEXT,
    nsfw                    INTEGER,
    nsfw_level              INTEGER,
    poi                     INTEGER,
    mode                    TEXT,
    availability            TEXT,
    allow_commercial_use    TEXT NOT NULL DEFAULT '[]',   -- JSON array of text
    allow_no_credit         INTEGER,
    allow_derivatives       INTEGER,
    allow_different_license INTEGER,
    downloads               INTEGER,
    thumbs_up               INTEGER,
    thumbs_down             INTEGER,
    comments                INTEGER,
    ratings                 INTEGER,
    rating                  REAL,
    creator                 TEXT,
    tags                    TEXT NOT NULL DEFAULT '[]',   -- JSON array of text
    raw_block               INTEGER,
    raw_position            INTEGER,
    raw_hash                INTEGER
) STRICT;
CREATE INDEX models_by_generation ON models (generation);
CREATE INDEX models_by_name ON models (name COLLATE NOCASE);
CREATE INDEX models_by_creator ON models (creator COLLATE NOCASE) WHERE creator IS NOT NULL;

-- Tags of models, one row each, for `tag:` in a query. The triggers keep it, so that no writer can forget it.
CREATE TABLE model_tags (
    tag   TEXT NOT NULL COLLATE NOCASE,
    model INTEGER NOT NULL,
    PRIMARY KEY (tag, model)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER models_tagged AFTER INSERT ON models WHEN new.tags <> '[]' BEGIN
    INSERT OR IGNORE INTO model_tags (tag, model)
        SELECT value, new.model FROM json_each(new.tags) WHERE type = 'text';
END;
CREATE TRIGGER models_retagged AFTER UPDATE OF tags ON models WHEN new.tags <> old.tags BEGIN
    DELETE FROM model_tags WHERE model = old.model
        AND tag IN (SELECT value FROM json_each(old.tags) WHERE type = 'text');
    INSERT OR IGNORE INTO model_tags (tag, model)
        SELECT value, new.model FROM json_each(new.tags) WHERE type = 'text';
END;

CREATE TABLE versions (
    version         INTEGER PRIMARY KEY,
    generation      INTEGER NOT NULL,
    seen_at         INTEGER,               -- NULL: a stub, only named by images
    model           INTEGER,
    name            TEXT,
    description     TEXT,
    base_model      TEXT,
    base_model_type TEXT,
    trained_words   TEXT NOT NULL DEFAULT '[]',           -- JSON array of text
    created_at      INTEGER,
    published_at    INTEGER,
    state           TEXT NOT NULL,         -- unknown, published, unpublished, not_found
    nsfw_level      INTEGER,
    downloads       INTEGER,
    thumbs_up       INTEGER,
    thumbs_down     INTEGER,
    comments        INTEGER,
    ratings         INTEGER,
    rating          REAL,
    raw_block       INTEGER,
    raw_position    INTEGER,
    raw_hash        INTEGER
) STRICT;
CREATE INDEX versions_by_generation ON versions (generation);
CREATE INDEX versions_by_model ON versions (model);

CREATE TABLE files (
    file         INTEGER PRIMARY KEY,
    version      INTEGER NOT NULL,
    site_id      INTEGER,
    name         TEXT,
    kind         TEXT,
    size_bytes   INTEGER,
    format       TEXT,
    size_class   TEXT,
    precision    TEXT,
    is_primary   INTEGER NOT NULL,
    former       INTEGER NOT NULL DEFAULT 0,               -- 1: the version no longer lists it
    download_url TEXT,
    generation   INTEGER NOT NULL
) STRICT;
CREATE INDEX files_by_version ON files (version);
CREATE INDEX files_by_generation ON files (generation);
CREATE INDEX files_by_site_id ON files (site_id) WHERE site_id IS NOT NULL;

-- Lower-case hexadecimal digits; kind: 1 SHA256, 2 BLAKE3, 3 AutoV3, 4 AutoV2, 5 AutoV1, 6 CRC32.
CREATE TABLE file_hashes (
    hash   TEXT NOT NULL,
    kind   INTEGER NOT NULL,
    file   INTEGER NOT NULL REFERENCES files (file),
    former INTEGER NOT NULL DEFAULT 0,                     -- 1: a later document gives another value
    PRIMARY KEY (hash, kind, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_hashes_by_file ON file_hashes (file);

CREATE TABLE creators (
    username    TEXT PRIMARY KEY,
    generation  INTEGER NOT NULL,
    image       TEXT,
    model_count INTEGER,
    link        TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    name        TEXT PRIMARY KEY,
    generation  INTEGER NOT NULL,
    model_count INTEGER,
    link        TEXT
) STRICT, WITHOUT ROWID;

-- kind: 1 media key of the site (16 bytes), 2 canonical URL (UTF-8), 3 BLAKE3 of the bytes (32 bytes).
CREATE TABLE media (
    media    INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,
    identity BLOB NOT NULL,
    blurhash TEXT,
    width    INTEGER,
    height   INTEGER,
    UNIQUE (identity, kind)
) STRICT;

-- image > 0: the site's id. image < 0: named in image_names.
-- same_as: the site's image that a picture of a version, numbered by nobody, turned out to be by its media key. Such a
-- row is evidence and no image any more. own_meta: meta_state as the image's own documents give it, where generation
-- data of such a picture stands in for its own.
CREATE TABLE images (
    image           INTEGER PRIMARY KEY,
    generation      INTEGER NOT NULL,
    added           INTEGER NOT NULL,      -- the batch that first described it
    media           INTEGER NOT NULL REFERENCES media (media),
    dialects        INTEGER NOT NULL,      -- set of (1 << dialect code) that described it
    url             TEXT,
    media_type      TEXT,
    nsfw_level      INTEGER,
    created_at      INTEGER,
    published_at    INTEGER,
    post            INTEGER,
    username        TEXT,
    base_model      TEXT,
    likes           INTEGER,
    hearts          INTEGER,
    laughs          INTEGER,
    cries           INTEGER,
    comments        INTEGER,
    tags            TEXT,                  -- JSON array of text
    meta_state      INTEGER NOT NULL,      -- 0 not said, 1 null, 2 present, 3 hidden by its owner
    prompt          TEXT,
    negative_prompt TEXT,
    sampler         TEXT,
    scheduler       TEXT,
    steps           INTEGER,
    cfg             REAL,
    seed            INTEGER,
    gen_width       INTEGER,
    gen_height      INTEGER,
    clip_skip       INTEGER,
    denoise         REAL,
    model_name      TEXT,
    model_hash      TEXT,
    tool            TEXT,
    tool_version    TEXT,
    remix_of        INTEGER,
    raw_block       INTEGER,
    raw_position    INTEGER,
    raw_hash        INTEGER,
    same_as         INTEGER,
    own_meta        INTEGER
) STRICT;
CREATE INDEX images_by_generation ON images (generation);
CREATE INDEX images_by_media ON images (media);
CREATE INDEX images_absorbed ON images (media) WHERE same_as IS NOT NULL;

-- Names of images that the site never numbered. kind: 2 canonical URL, 3 path as bytes.
CREATE TABLE image_names (
    image INTEGER PRIMARY KEY,
    kind  INTEGER NOT NULL,
    name  BLOB NOT NULL,
    UNIQUE (name, kind)
) STRICT;

-- One row a distinct reference, whatever number of images make it.
CREATE TABLE resources (
    resource    INTEGER PRIMARY KEY,
    generation  INTEGER NOT NULL,
    identity    BLOB NOT NULL UNIQUE,      -- first 16 bytes of a BLAKE3 over the columns below
    kind        INTEGER NOT NULL,          -- 0 unknown, 1 model, 2 lora, 3 embedding, 4 hypernetwork, 5 vae, 6 controlnet, 7 upscaler, 8 other
    name        TEXT,
    hash        TEXT,
    version     INTEGER,
    air_model   INTEGER,
    air_version INTEGER
) STRICT;
CREATE INDEX resources_by_generation ON resources (generation);
CREATE INDEX resources_by_hash ON resources (hash) WHERE hash IS NOT NULL;
CREATE INDEX resources_by_version ON resources (version) WHERE version IS NOT NULL;
CREATE INDEX resources_by_air_model ON resources (air_model) WHERE air_model IS NOT NULL;

CREATE TABLE image_resources (
    image    INTEGER NOT NULL,
    resource INTEGER NOT NULL,
    weight   REAL,
    sources  INTEGER NOT NULL,             -- set of places in the metadata
    PRIMARY KEY (image, resource)
) STRICT, WITHOUT ROWID;

-- relation: 1 posted for the version, 2 returned for it. by_media: 1 if no document names the image so, but one names
-- a picture without a number that has the same media key.
CREATE TABLE image_versions (
    version  INTEGER NOT NULL,
    image    INTEGER NOT NULL,
    relation INTEGER NOT NULL,
    by_media INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (version, image, relation)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_versions_by_image ON image_versions (image);

-- Derived by linking: every candidate of a resource, rank 1 being its representative.
CREATE TABLE links (
    resource   INTEGER NOT NULL,
    rank       INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    evidence   TEXT NOT NULL,
    raw        TEXT NOT NULL,
    confidence INTEGER NOT NULL,           -- hundredths
    lost       TEXT,
    PRIMARY KEY (resource, rank)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_version ON links (version);

-- One row a listing: where it stands. A page commits with its row here.
CREATE TABLE crawls (
    listing    TEXT PRIMARY KEY,           -- host, path and parameters in canonical order
    state      TEXT NOT NULL,              -- running, done
    cursor     TEXT,
    pages      INTEGER NOT NULL,
    items      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    coverage   TEXT NOT NULL               -- JSON object: anomalies met, by name
) STRICT;

-- What was seen to be absent, and when: the site's 404s.
CREATE TABLE tombstones (
    kind   TEXT NOT NULL,                  -- model, version, image
    id     INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    status INTEGER NOT NULL,
    PRIMARY KEY (kind, id, at)
) STRICT, WITHOUT ROWID;

-- Names of resources as metadata writes them, by word, for `lora:` and its like in a query.
CREATE VIRTUAL TABLE resource_names USING fts5 (
    name, content = '', tokenize = 'unicode61 remove_diacritics 2'
);

-- Names of models and versions by word, for `model:` in a query.
CREATE VIRTUAL TABLE version_names USING fts5 (
    name, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
