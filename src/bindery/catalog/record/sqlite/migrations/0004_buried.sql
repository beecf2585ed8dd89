-- What removed entries leave behind for a while, and a way to find an object by its content.

ALTER TABLE ledger ADD COLUMN file_id TEXT NOT NULL DEFAULT '';

CREATE INDEX ledger_content ON ledger (etag) WHERE outcome = 'Indexed' AND size > 0;

CREATE TABLE buried (
    binding_id INTEGER NOT NULL REFERENCES binding (id),
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    file_id TEXT NOT NULL,
    extractor_version INTEGER NOT NULL,
    document BLOB NOT NULL,
    own BLOB,
    text TEXT,
    create_time INTEGER NOT NULL,
    buried_time INTEGER NOT NULL,
    PRIMARY KEY (binding_id, key)
) STRICT;

CREATE INDEX buried_content ON buried (etag);

CREATE INDEX buried_age ON buried (binding_id, buried_time);
