-- name: insert_dataset
-- A new dataset.
INSERT INTO dataset (project_id, name, body) VALUES (:project_id, :name, :body) RETURNING id;

-- name: select_dataset
-- A dataset by its names.
SELECT dataset.id, dataset.body FROM dataset JOIN project ON project.id = project_id
WHERE project.name = :project AND dataset.name = :name;

-- name: select_dataset_by_id
-- A dataset that is known already.
SELECT id, body FROM dataset WHERE id = :id;

-- name: list_datasets
-- A page of the datasets of a project, by name.
SELECT id, body FROM dataset
WHERE project_id = :project_id AND name > :after AND substr(name, 1, length(:prefix)) = :prefix
ORDER BY name LIMIT :limit;

-- name: update_dataset
-- What a dataset is now.
UPDATE dataset SET body = :body WHERE id = :id;

-- name: delete_dataset
-- The dataset itself, once nothing leads to it.
DELETE FROM dataset WHERE id = :id;

-- name: delete_dataset_tombstones
-- Some rows of removed entries that the index has not seen.
DELETE FROM file WHERE dataset_id = :id AND sequence IN
    (SELECT sequence FROM file WHERE dataset_id = :id AND document IS NULL LIMIT :limit);

-- name: dataset_statistics
-- Exact counts: bindings, and the files that every write has counted.
SELECT (SELECT count(*) FROM binding WHERE dataset_id = :id AND ending = ''), file_count, total_size
FROM dataset WHERE id = :id;

-- name: count_datasets
-- How many datasets a project has, for its cap.
SELECT count(*) FROM dataset WHERE project_id = :project_id;
