-- name: insert_binding
-- A new binding.
INSERT INTO binding (dataset_id, bucket, body) VALUES (:dataset_id, :bucket, :body) RETURNING id;

-- name: select_binding
-- A binding by its names.
SELECT binding.id, binding.body FROM binding
JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
WHERE project.name = :project AND dataset.name = :dataset AND bucket = :bucket AND ending = '';

-- name: select_binding_by_id
-- A binding that was not deleted.
SELECT id, body FROM binding WHERE id = :id AND ending = '';

-- name: list_bindings
-- Bindings of a project, a dataset, a bucket or all, behind a pair of names.
SELECT binding.id, binding.body FROM binding
JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
WHERE (:project IS NULL OR project.name = :project)
  AND (:dataset IS NULL OR dataset.name = :dataset)
  AND (:bucket IS NULL OR bucket = :bucket)
  AND (dataset.name, bucket) > (:after_dataset, :after_bucket) AND ending = ''
ORDER BY project.name, dataset.name, bucket LIMIT :limit;

-- name: update_binding
-- What a binding is now.
UPDATE binding SET body = :body WHERE id = :id;

-- name: end_binding
-- Free the names of a binding; ``ending`` says what of it goes next.
UPDATE binding SET ending = :ending, body = :body WHERE id = :id;

-- name: select_ending
-- The deleted binding that is forgotten next.
SELECT id, body, ending FROM binding WHERE ending <> '' ORDER BY id LIMIT 1;

-- name: select_cleaning
-- A deleted binding of a bucket that is being forgotten.
SELECT 1 FROM binding WHERE ending = :ending AND dataset_id = :dataset_id AND bucket = :bucket LIMIT 1;

-- name: set_ending
-- The next thing to go.
UPDATE binding SET ending = :ending WHERE id = :id;

-- name: entries_of_bucket
-- A page of the entries of a bucket, each with whether a binding, or one before it, made it and no call asked for it.
SELECT uri, document IS NOT NULL AND binding_id IS NOT NULL AND binding_id <= :id
    AND NOT EXISTS (SELECT 1 FROM explicit_file AS e WHERE e.dataset_id = file.dataset_id AND e.uri = file.uri)
FROM file WHERE dataset_id = :dataset_id AND uri > :after AND uri < :behind ORDER BY uri LIMIT :limit;

-- name: forget_ledger_page
-- Some rows of the ledger of a deleted binding.
DELETE FROM ledger
WHERE binding_id = :id AND key IN (SELECT key FROM ledger WHERE binding_id = :id LIMIT :limit);

-- name: forget_buried_page
-- Some of what entries left that a deleted binding removed.
DELETE FROM buried
WHERE binding_id = :id AND key IN (SELECT key FROM buried WHERE binding_id = :id LIMIT :limit);

-- name: forget_changes_page
-- Some of the keys that events named for a deleted binding.
DELETE FROM change WHERE sequence IN (SELECT sequence FROM change WHERE binding_id = :id LIMIT :limit);

-- name: delete_binding
-- The last trace of a binding.
DELETE FROM binding WHERE id = :id;

-- name: count_bindings
-- How many bindings a dataset has.
SELECT count(*) FROM binding WHERE dataset_id = :dataset_id AND ending = '';
