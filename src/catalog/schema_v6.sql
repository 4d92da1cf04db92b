-- From format 5 to 6: what metadata hold besides values.

-- Set of traits: 1 a graph of nodes, 2 content credentials, 4 a declaration that a trained algorithm made it. NULL: the
-- reader that wrote the row did not look; the same document is read again when it comes by.
ALTER TABLE images ADD COLUMN traits INTEGER;
