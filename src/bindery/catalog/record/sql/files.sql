-- json_each CROSS JOIN fixes the order of the join: the short list outside, the table by its key inside.

-- name: select_existing
-- Rows of these URIs (a JSON array), tombstones included.
SELECT uri, sequence, document IS NOT NULL, own, size, create_time, binding_id FROM json_each(:uris)
CROSS JOIN file ON file.dataset_id = :dataset_id AND file.uri = json_each.value;

-- name: insert_file
INSERT OR REPLACE INTO file (dataset_id, uri, document, own, text, size, create_time, binding_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: count_change
UPDATE dataset SET file_count = file_count + :count, total_size = total_size + :size WHERE id = :id;

-- name: select_counts
SELECT file_count, total_size FROM dataset WHERE id = :id;

-- name: select_documents
SELECT uri, document, sequence, binding_id FROM json_each(:uris)
CROSS JOIN file ON file.dataset_id = :dataset_id AND file.uri = json_each.value
WHERE document IS NOT NULL ORDER BY json_each.key;

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
INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: walk_ledger
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger WHERE binding_id = :binding_id AND key > :after ORDER BY key LIMIT :limit;

-- name: select_ledger
SELECT ledger.key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM json_each(:keys) CROSS JOIN ledger ON ledger.binding_id = :binding_id AND ledger.key = json_each.value;

-- name: bury_ledger
UPDATE ledger SET outcome = 'Deleted', reason = '', outcome_time = ? WHERE binding_id = ? AND key = ?;
