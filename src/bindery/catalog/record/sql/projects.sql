-- name: insert_project
-- A new project.
INSERT INTO project (name, body) VALUES (:name, :body) RETURNING id;

-- name: select_project
-- A project by its name.
SELECT id, body FROM project WHERE name = :name;

-- name: list_projects
-- Projects by name; an account has a hundred at most.
SELECT id, body FROM project WHERE name > :after AND substr(name, 1, length(:prefix)) = :prefix ORDER BY name;

-- name: update_project
-- What a project is now.
UPDATE project SET body = :body WHERE id = :id;

-- name: delete_project
-- The project itself, once it is empty.
DELETE FROM project WHERE id = :id;

-- name: count_projects
-- How many there are, for the cap.
SELECT count(*) FROM project;

-- name: count_datasets
-- What keeps a project from being deleted.
SELECT count(*) FROM dataset WHERE project_id = :project_id;

-- name: project_statistics
-- Exact sums over its datasets.
SELECT count(*), CAST(coalesce(sum(file_count), 0) AS BIGINT), CAST(coalesce(sum(total_size), 0) AS BIGINT),
       (SELECT count(*) FROM binding JOIN dataset AS d ON d.id = dataset_id WHERE d.project_id = :id AND ending = '')
FROM dataset WHERE project_id = :id;
