-- From format 3 to 4: what people decided.

-- The decisions of `decisions.ndjson` beside the catalog, as linking last saw them, for when that file is missing.
-- line: one decision as the file has it. A line that this reader does not understand is kept under its own hash.
CREATE TABLE decisions (
    id   TEXT PRIMARY KEY,
    line TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Derived by linking: what files and resources are called, in the one spelling in which names are compared. Complete
-- for what `state.names_generation` says, and built anew where that is missing. what: 1 resource, 2 file.
CREATE TABLE link_names (
    what INTEGER NOT NULL,
    row  INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (what, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_names_by_name ON link_names (name, what);
