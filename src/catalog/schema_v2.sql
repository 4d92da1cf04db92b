-- From format 1 to 2: what a durable crawl remembers, and the history of what the site says.

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
