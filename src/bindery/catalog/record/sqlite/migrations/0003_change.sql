-- Keys that events have named, until each was dealt with.

CREATE TABLE change (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    binding_id INTEGER NOT NULL REFERENCES binding (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    since INTEGER NOT NULL,             -- when the first event of it came
    version INTEGER NOT NULL,           -- one more with every event that comes meanwhile
    UNIQUE (binding_id, key)
) STRICT;

CREATE INDEX change_order ON change (binding_id, sequence);
