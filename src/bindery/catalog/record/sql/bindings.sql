-- name: insert_binding
INSERT INTO binding (dataset_id, bucket, body) VALUES (:dataset_id, :bucket, :body);

-- name: select_binding
SELECT binding.id, binding.body FROM binding
JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
WHERE project.name = :project AND dataset.name = :dataset AND bucket = :bucket;

-- name: select_binding_by_id
SELECT id, body FROM binding WHERE id = :id;

-- name: list_bindings
SELECT binding.id, binding.body FROM binding
JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
WHERE (:project IS NULL OR project.name = :project)
  AND (:dataset IS NULL OR dataset.name = :dataset)
  AND (:bucket IS NULL OR bucket = :bucket)
  AND (dataset.name, bucket) > (:after_dataset, :after_bucket)
ORDER BY project.name, dataset.name, bucket LIMIT :limit;

-- name: update_binding
UPDATE binding SET body = :body WHERE id = :id;

-- name: delete_binding
DELETE FROM binding WHERE id = :id;

-- name: delete_binding_ledger
DELETE FROM ledger WHERE binding_id = :id;

-- name: delete_binding_buried
DELETE FROM buried WHERE binding_id = :id;

-- name: count_bindings
SELECT count(*) FROM binding WHERE dataset_id = :dataset_id;
