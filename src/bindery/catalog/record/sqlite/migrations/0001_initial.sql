-- The record as first released.

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL                  -- JSON of Project
) STRICT;

CREATE TABLE dataset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    body BLOB NOT NULL,                 -- JSON of Dataset
    file_count INTEGER NOT NULL DEFAULT 0,
    total_size INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE binding (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    bucket TEXT NOT NULL,
    body BLOB NOT NULL,                 -- JSON of Binding: state, reason, cursor, books
    UNIQUE (dataset_id, bucket)
) STRICT;

-- One row an entry. Every write moves the row to a new, higher sequence, so that the index can follow.
-- A removed entry stays as a row without document until the index has seen it.
CREATE TABLE file (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id INTEGER NOT NULL REFERENCES dataset (id),
    uri TEXT NOT NULL,
    document BLOB,                      -- JSON of File as clients get it
    own BLOB,                           -- JSON of the fields the caller set; they win over extracted ones
    text TEXT,                          -- text of a document
    size INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    binding_id INTEGER,
    UNIQUE (dataset_id, uri)
) STRICT;

CREATE INDEX file_removed ON file (sequence) WHERE document IS NULL;

CREATE TABLE ledger (
    binding_id INTEGER NOT NULL REFERENCES binding (id),
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    extractor_version INTEGER NOT NULL,
    seen_time INTEGER NOT NULL,
    outcome_time INTEGER NOT NULL,
    PRIMARY KEY (binding_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
    project_name TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    body BLOB NOT NULL,                 -- JSON of Task
    PRIMARY KEY (project_name, type, id)
) STRICT, WITHOUT ROWID;
