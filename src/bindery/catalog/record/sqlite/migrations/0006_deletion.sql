-- Bindings that are being forgotten, entries of explicit indexing, and what is not indexed found without a walk.

-- A deleted binding stays as a row until its ledger is gone, a page at a time; its names are free meanwhile, and so is
-- its dataset, which is why no foreign key leads there.
CREATE TABLE binding_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset_id INTEGER NOT NULL,
    bucket TEXT NOT NULL,
    body BLOB NOT NULL,                 -- JSON of Binding: state, reason, cursor, books
    ending TEXT NOT NULL DEFAULT ''     -- of a deleted one what goes next: entries, then ledger
) STRICT;

INSERT INTO binding_new SELECT id, dataset_id, bucket, body, '' FROM binding;

DELETE FROM sqlite_sequence WHERE name = 'binding_new';

INSERT INTO sqlite_sequence SELECT 'binding_new', seq FROM sqlite_sequence WHERE name = 'binding';

DROP TABLE binding;

ALTER TABLE binding_new RENAME TO binding;

CREATE UNIQUE INDEX binding_names ON binding (dataset_id, bucket) WHERE ending = '';

CREATE INDEX binding_ending ON binding (id) WHERE ending <> '';

-- Entries that IndexFileMeta or BatchIndexFileMeta asked for: they stay when a binding cleans up behind itself.
CREATE TABLE explicit_file (
    dataset_id INTEGER NOT NULL,
    uri TEXT NOT NULL,
    PRIMARY KEY (dataset_id, uri)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_unsettled ON ledger (binding_id, outcome, key) WHERE outcome IN ('Failed', 'Pending', 'Excluded');

CREATE INDEX ledger_deleted ON ledger (binding_id, outcome_time) WHERE outcome = 'Deleted';

ALTER TABLE task ADD COLUMN end_time INTEGER
    GENERATED ALWAYS AS (coalesce(json_extract(CAST(body AS TEXT), '$.end_time'), 0)) VIRTUAL;

ALTER TABLE task ADD COLUMN status TEXT GENERATED ALWAYS AS (json_extract(CAST(body AS TEXT), '$.status')) VIRTUAL;

CREATE INDEX task_id ON task (project_name, id);

CREATE INDEX task_start ON task (project_name, start_time, id);

CREATE INDEX task_end ON task (project_name, end_time, id);

CREATE INDEX task_status ON task (status, project_name) WHERE status = 'Running';
