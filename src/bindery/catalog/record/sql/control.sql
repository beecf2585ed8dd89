-- name: insert_project
INSERT INTO project (name, body) VALUES (:name, :body);

-- name: select_project
SELECT id, body FROM project WHERE name = :name;

-- name: list_projects
SELECT id, body FROM project WHERE name > :after AND substr(name, 1, length(:prefix)) = :prefix ORDER BY name;

-- name: update_project
UPDATE project SET body = :body WHERE id = :id;

-- name: delete_project
DELETE FROM project WHERE id = :id;

-- name: count_projects
SELECT count(*) FROM project;

-- name: project_statistics
SELECT count(*), coalesce(sum(file_count), 0), coalesce(sum(total_size), 0),
       (SELECT count(*) FROM binding JOIN dataset AS d ON d.id = dataset_id WHERE d.project_id = :id)
FROM dataset WHERE project_id = :id;

-- name: insert_dataset
INSERT INTO dataset (project_id, name, body) VALUES (:project_id, :name, :body);

-- name: select_dataset
SELECT dataset.id, dataset.body FROM dataset JOIN project ON project.id = project_id
WHERE project.name = :project AND dataset.name = :name;

-- name: select_dataset_by_id
SELECT id, body FROM dataset WHERE id = :id;

-- name: list_datasets
SELECT id, body FROM dataset
WHERE project_id = :project_id AND name > :after AND substr(name, 1, length(:prefix)) = :prefix
ORDER BY name LIMIT :limit;

-- name: update_dataset
UPDATE dataset SET body = :body WHERE id = :id;

-- name: delete_dataset
DELETE FROM dataset WHERE id = :id;

-- name: delete_dataset_tombstones
DELETE FROM file WHERE dataset_id = :id AND document IS NULL;

-- name: count_datasets
SELECT count(*) FROM dataset WHERE project_id = :project_id;

-- name: dataset_statistics
SELECT (SELECT count(*) FROM binding WHERE dataset_id = :id), file_count, total_size FROM dataset WHERE id = :id;

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

-- name: put_task
INSERT OR REPLACE INTO task (project_name, type, id, start_time, body)
VALUES (:project_name, :type, :id, :start_time, :body);

-- name: select_task
SELECT body FROM task WHERE project_name = :project_name AND type = :type AND id = :id AND start_time >= :since;

-- name: list_tasks
SELECT body FROM task WHERE project_name = :project_name AND start_time >= :since ORDER BY id;

-- name: delete_old_tasks
DELETE FROM task WHERE start_time < :since;
