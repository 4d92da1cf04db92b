-- From format 4 to 5: what pictures look like.

-- One row a media and algorithm: numbers computed from its pixels, or why there are none. `generation` is the batch that
-- last changed what the row says, not the one that last looked.
CREATE TABLE fingerprints (
    media         INTEGER NOT NULL REFERENCES media (media) ON DELETE CASCADE,
    algorithm     INTEGER NOT NULL,
    generation    INTEGER NOT NULL,
    at            INTEGER NOT NULL,        -- when the pixels were last looked at
    origin        INTEGER NOT NULL,        -- 1 a file on disk, 2 the site's original, 3 a smaller rendition of it
    preview_width INTEGER,                 -- the width that was asked for, of a rendition
    look          BLOB,                    -- the numbers, little-endian; NULL: there are none, and failure says why
    pixels        BLOB,                    -- BLAKE3 of the decoded pixels (32 bytes); never of a rendition
    coded         BLOB,                    -- BLAKE3 of the coded picture without metadata (32 bytes); as above
    content       BLOB,                    -- BLAKE3 of all bytes (32 bytes); as above
    blurhash      TEXT,                    -- as computed here; what the site says stands in `media`
    failure       TEXT,
    expires_at    INTEGER,                 -- until when a failure spares another try; NULL: until the file changes
    size_bytes    INTEGER,                 -- of the file on disk that was read, like modified_ns: where they differ
    modified_ns   INTEGER,                 -- from those in local_files, the row is out of date
    PRIMARY KEY (media, algorithm)
) STRICT, WITHOUT ROWID;
CREATE INDEX fingerprints_by_generation ON fingerprints (generation);
CREATE INDEX fingerprints_by_content ON fingerprints (content) WHERE content IS NOT NULL;

-- Media that had a fingerprint and have none any more, and since which batch: what was derived from it is to go. Numbers of
-- media may be given away again. The triggers keep it, so that no writer can forget it.
CREATE TABLE fingerprints_gone (
    media      INTEGER NOT NULL,
    algorithm  INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (media, algorithm)
) STRICT, WITHOUT ROWID;
CREATE INDEX fingerprints_gone_by_generation ON fingerprints_gone (generation);
CREATE TRIGGER fingerprints_went AFTER DELETE ON fingerprints BEGIN
    INSERT OR REPLACE INTO fingerprints_gone (media, algorithm, generation)
        VALUES (old.media, old.algorithm, (SELECT coalesce(max(generation), 0) FROM generations));
END;
CREATE TRIGGER fingerprints_came AFTER INSERT ON fingerprints BEGIN
    DELETE FROM fingerprints_gone WHERE media = new.media AND algorithm = new.algorithm;
END;

-- Images made from images: few have a parent, and reports ask which do.
CREATE INDEX images_remixed ON images (remix_of) WHERE remix_of IS NOT NULL;
