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

-- name: newest_change
SELECT coalesce(max(sequence), 0) FROM file WHERE dataset_id = :dataset_id;

-- name: count_changes
SELECT count(*) FROM file WHERE dataset_id = :dataset_id;

-- name: changed_since
SELECT DISTINCT dataset_id FROM file NOT INDEXED WHERE sequence > :sequence;

-- name: changes_after
SELECT sequence, dataset_id, uri, document, text FROM file
WHERE dataset_id = :dataset_id AND sequence > :sequence ORDER BY sequence LIMIT :limit;

-- name: select_text
SELECT text FROM file WHERE dataset_id = :dataset_id AND uri = :uri;

-- name: has_tombstones
SELECT EXISTS (
    SELECT 1 FROM file WHERE document IS NULL AND dataset_id = :dataset_id AND sequence <= :sequence
);

-- name: purge_tombstones
DELETE FROM file WHERE sequence IN (
    SELECT sequence FROM file WHERE document IS NULL AND dataset_id = :dataset_id AND sequence <= :sequence
    LIMIT :limit
);

-- name: set_purged
UPDATE dataset SET purged = max(purged, :sequence) WHERE id = :dataset_id;

-- name: select_purged
SELECT purged FROM dataset WHERE id = :dataset_id;

-- name: select_identity
SELECT identity FROM follower;

-- name: dataset_ids
SELECT id FROM dataset;

-- name: has_dataset
SELECT 1 FROM dataset WHERE id = :id;

-- name: walk_files
SELECT uri, document, binding_id FROM file
WHERE dataset_id = :dataset_id AND uri > :after AND uri < :behind AND document IS NOT NULL
ORDER BY uri LIMIT :limit;

-- name: add_explicit
-- A call asked for this entry, whoever makes it.
INSERT OR IGNORE INTO explicit_file (dataset_id, uri) VALUES (?, ?);

-- name: forget_explicit
-- The entry is removed.
DELETE FROM explicit_file WHERE dataset_id = ? AND uri = ?;
