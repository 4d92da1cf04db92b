-- From format 3 to 4: what people decided.

-- The decisions of `decisions.ndjson` beside the catalog, as linking last saw them, for when that file is missing.
-- line: one decision as the file has it. A line that this reader does not understand is kept under its own hash.
CREATE TABLE decisions (
    id   TEXT PRIMARY KEY,
    line TEXT NOT NULL
) STRICT, WITHOUT ROWID;
