-- name: select_existing
SELECT own, size, create_time, binding_id FROM file WHERE dataset_id = ? AND uri = ? AND document IS NOT NULL;

-- name: insert_file
INSERT OR REPLACE INTO file (dataset_id, uri, document, own, text, size, create_time, binding_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: set_counts
UPDATE dataset SET file_count = :files, total_size = :total WHERE id = :id;

-- name: select_counts
SELECT file_count, total_size FROM dataset WHERE id = :id;

-- name: select_document
SELECT uri, document, sequence, binding_id FROM file
WHERE dataset_id = ? AND uri = ? AND document IS NOT NULL;

-- name: select_whole
SELECT document, own, text, size, create_time, binding_id FROM file WHERE dataset_id = :dataset_id AND uri = :uri;

-- name: last_sequence
SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'file';

-- name: changes_after
SELECT sequence, dataset_id, uri, document, text FROM file WHERE sequence > :sequence ORDER BY sequence LIMIT :limit;

-- name: has_tombstones
SELECT EXISTS (SELECT 1 FROM file WHERE document IS NULL AND sequence <= :sequence);

-- name: purge_tombstones
DELETE FROM file WHERE sequence IN
    (SELECT sequence FROM file WHERE document IS NULL AND sequence <= :sequence LIMIT :limit);

-- name: set_purged
UPDATE follower SET purged = max(purged, :sequence);

-- name: select_follower
SELECT identity, purged FROM follower;

-- name: dataset_ids
SELECT id FROM dataset;

-- name: has_dataset
SELECT 1 FROM dataset WHERE id = :id;

-- name: put_ledger
INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: walk_ledger
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger WHERE binding_id = :binding_id AND key > :after ORDER BY key LIMIT :limit;

-- name: select_ledger
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger WHERE binding_id = ? AND key = ?;

-- name: bury_ledger
UPDATE ledger SET outcome = 'Deleted', reason = '', outcome_time = ? WHERE binding_id = ? AND key = ?;

-- name: drop_ledger
DELETE FROM ledger WHERE binding_id = ? AND key = ?;
