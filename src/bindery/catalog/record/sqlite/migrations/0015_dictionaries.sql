-- Documents are packed with dictionaries. Those that are there already are packed behind the calls, by their numbers.

CREATE TABLE dictionary (
    id INTEGER PRIMARY KEY,             -- as each frame names it
    body BLOB NOT NULL,
    made_time INTEGER NOT NULL
) STRICT;

CREATE TABLE packing (
    position INTEGER NOT NULL,          -- documents up to this number are packed
    until INTEGER NOT NULL              -- behind this number none was ever written otherwise
) STRICT;

INSERT INTO packing SELECT 0, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'file'), 0);
