-- name: put_task
INSERT OR REPLACE INTO task (project_name, type, id, start_time, body)
VALUES (:project_name, :type, :id, :start_time, :body);

-- name: select_task
SELECT body FROM task WHERE project_name = :project_name AND type = :type AND id = :id AND start_time >= :since;

-- name: list_tasks
SELECT body FROM task WHERE project_name = :project_name AND start_time >= :since ORDER BY id;

-- name: delete_old_tasks
DELETE FROM task WHERE start_time < :since;
