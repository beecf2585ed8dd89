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

-- name: count_datasets
SELECT count(*) FROM dataset WHERE project_id = :project_id;

-- name: project_statistics
SELECT count(*), coalesce(sum(file_count), 0), coalesce(sum(total_size), 0),
       (SELECT count(*) FROM binding JOIN dataset AS d ON d.id = dataset_id WHERE d.project_id = :id AND ending = '')
FROM dataset WHERE project_id = :id;
