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
DELETE FROM file WHERE sequence IN
    (SELECT sequence FROM file WHERE dataset_id = :id AND document IS NULL LIMIT :limit);

-- name: dataset_statistics
SELECT (SELECT count(*) FROM binding WHERE dataset_id = :id AND ending = ''), file_count, total_size FROM dataset WHERE id = :id;

-- name: count_datasets
SELECT count(*) FROM dataset WHERE project_id = :project_id;
