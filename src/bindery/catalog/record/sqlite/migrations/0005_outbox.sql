-- Notifications on their way out, and calls of explicit indexing that end with one.

CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    made_time INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_time INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox (destination, due_time);

CREATE INDEX outbox_age ON outbox (destination, made_time);

CREATE TABLE index_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    body BLOB NOT NULL                  -- JSON of IndexCall, without errors
) STRICT;

CREATE INDEX index_call_dataset ON index_call (dataset_id);

CREATE TABLE index_call_file (
    dataset_id INTEGER NOT NULL,
    uri TEXT NOT NULL,
    call_id INTEGER NOT NULL REFERENCES index_call (id) ON DELETE CASCADE,
    error TEXT,                         -- NULL while it is being indexed, empty when that went well
    PRIMARY KEY (dataset_id, uri, call_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX index_call_file_call ON index_call_file (call_id);
