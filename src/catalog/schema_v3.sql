-- From format 2 to 3: files of this machine.

-- A seed above 2^63 - 1, as the signed number with the same 64 bits; `seed` is NULL then.
ALTER TABLE images ADD COLUMN seed_high INTEGER;
