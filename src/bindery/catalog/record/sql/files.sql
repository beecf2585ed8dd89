-- name: select_existing
-- What a write keeps of an entry that is there.
SELECT own, size, create_time, binding_id FROM file WHERE dataset_id = ? AND uri = ? AND document IS NOT NULL;

-- name: insert_file
-- Write an entry, or leave a row without document; either moves it to a new sequence, which the index follows.
INSERT OR REPLACE INTO file (sequence, dataset_id, uri, document, own, text, size, create_time, binding_id, is_new)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NOT EXISTS (SELECT 1 FROM file WHERE dataset_id = ?2 AND uri = ?3));

-- name: set_counts
-- Keep the counts of a dataset.
UPDATE dataset SET file_count = :files, total_size = :total WHERE id = :id;

-- name: select_counts
-- The counts before a write.
SELECT file_count, total_size FROM dataset WHERE id = :id;

-- name: select_document
-- One entry as clients get it.
SELECT uri, document, sequence, binding_id FROM file
WHERE dataset_id = ? AND uri = ? AND document IS NOT NULL;

-- name: select_whole
-- One entry with all that the next write of it needs.
SELECT document, own, text, size, create_time, binding_id FROM file WHERE dataset_id = :dataset_id AND uri = :uri;

-- name: draw_numbers
-- Numbers for changes of a dataset, the last of them; in SQLite they are unique over all datasets.
UPDATE dataset SET newest =
    max(newest, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'file')) + :count
WHERE id = :id RETURNING newest;

-- name: newest_numbers
-- The newest change of each dataset, also when its row is gone.
SELECT id, newest FROM dataset;

-- name: newest_change
-- The newest change of a dataset.
SELECT coalesce(max(sequence), 0) FROM file WHERE dataset_id = :dataset_id;

-- name: count_changes
-- How many rows an index of a dataset has to read from the beginning.
SELECT count(*) FROM file WHERE dataset_id = :dataset_id;

-- name: changes_after
-- A page of the changes that the index has not applied.
SELECT sequence, dataset_id, uri, document, text, is_new FROM file
WHERE dataset_id = :dataset_id AND sequence > :sequence ORDER BY sequence LIMIT :limit;

-- name: select_searched
-- What FuzzyQuery looks at in an entry.
SELECT sequence, dataset_id, uri, document, text FROM file
WHERE dataset_id = :dataset_id AND uri = :uri;

-- name: has_tombstones
-- Whether rows of removed entries are left that the index has seen.
SELECT EXISTS (
    SELECT 1 FROM file WHERE document IS NULL AND dataset_id = :dataset_id AND sequence <= :sequence
);

-- name: purge_tombstones
-- Some of them go.
DELETE FROM file WHERE dataset_id = :dataset_id AND sequence IN (
    SELECT sequence FROM file WHERE document IS NULL AND dataset_id = :dataset_id AND sequence <= :sequence
    LIMIT :limit
);

-- name: set_purged
-- Remember up to where they went; an index that is behind it is built anew.
UPDATE dataset SET purged = max(purged, :sequence) WHERE id = :dataset_id;

-- name: select_purged
-- Up to where they went.
SELECT purged FROM dataset WHERE id = :dataset_id;

-- name: select_identity
-- What tells this record from every other, for the index.
SELECT identity FROM follower;

-- name: has_dataset
-- Whether a dataset is still there.
SELECT 1 FROM dataset WHERE id = :id;

-- name: walk_files
-- A page of the entries below a prefix of their URI.
SELECT uri, document, binding_id FROM file
WHERE dataset_id = :dataset_id AND uri > :after AND uri < :behind AND document IS NOT NULL
ORDER BY uri LIMIT :limit;

-- name: uris_behind
-- A page of the URIs of a range, without the one that the page before ended with.
SELECT uri FROM file
WHERE dataset_id = :dataset_id AND uri >= :first AND uri <> :after AND uri < :behind AND document IS NOT NULL
ORDER BY uri LIMIT :limit;

-- name: add_explicit
-- A call asked for this entry, whoever makes it.
INSERT INTO explicit_file (dataset_id, uri) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: forget_explicit
-- The entry is removed.
DELETE FROM explicit_file WHERE dataset_id = ? AND uri = ?;

-- name: export_page
-- A page of the entries of a dataset in the order of their URIs, with all that an export tells.
SELECT sequence, uri, document, CASE WHEN :texts = 1 THEN text END FROM file
WHERE dataset_id = :dataset_id AND uri > :after AND document IS NOT NULL ORDER BY uri LIMIT :limit;

-- name: select_exported
-- A dataset by its names, how many entries it has, and its newest change.
SELECT d.id, d.file_count, d.newest FROM dataset d JOIN project p ON p.id = d.project_id
WHERE p.name = :project AND d.name = :dataset;

-- name: note_position
-- How far the index of a server has come. Only where several servers share the record.
SELECT :server, :dataset_id, :sequence;

-- name: least_position
-- How far the index has come that is the furthest behind.
SELECT :dataset_id;

-- name: select_number
-- The newest change of an entry.
SELECT sequence FROM file WHERE dataset_id = ? AND uri = ? AND document IS NOT NULL;
