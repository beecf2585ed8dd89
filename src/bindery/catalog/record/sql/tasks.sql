-- name: put_task
-- A new task, or what it is now.
INSERT OR REPLACE INTO task (project_name, type, id, start_time, body)
VALUES (:project_name, :type, :id, :start_time, :body);

-- name: select_task
-- One task that is not too old, or has not ended.
SELECT body FROM task WHERE project_name = :project_name AND type = :type AND id = :id
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue WHERE project_name = :project_name AND type = :type AND id = :id));

-- name: list_by_id
-- A page of the tasks that pass a filter, by id.
SELECT body FROM task INDEXED BY task_id WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id IS NULL OR id > :id)
  AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types)))
  AND (:status IS NULL OR status = :status)
  AND (:tag_key IS NULL OR EXISTS (SELECT 1 FROM json_each(CAST(body AS TEXT), '$.tags')
                                   WHERE key = :tag_key AND value = :tag_value))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY id LIMIT :limit;

-- name: list_by_start
-- The same by time of start, then id.
SELECT body FROM task INDEXED BY task_start WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id IS NULL OR (start_time, id) > (:instant, :id))
  AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types)))
  AND (:status IS NULL OR status = :status)
  AND (:tag_key IS NULL OR EXISTS (SELECT 1 FROM json_each(CAST(body AS TEXT), '$.tags')
                                   WHERE key = :tag_key AND value = :tag_value))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY start_time, id LIMIT :limit;

-- name: list_by_end
-- The same by time of end, then id; what runs has none and counts as 0.
SELECT body FROM task INDEXED BY task_end WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id IS NULL OR (end_time, id) > (:instant, :id))
  AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types)))
  AND (:status IS NULL OR status = :status)
  AND (:tag_key IS NULL OR EXISTS (SELECT 1 FROM json_each(CAST(body AS TEXT), '$.tags')
                                   WHERE key = :tag_key AND value = :tag_value))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY end_time, id LIMIT :limit;

-- name: list_running
-- Tasks of all projects that have not ended.
SELECT body FROM task WHERE status = 'Running';

-- name: delete_old_tasks
-- Some tasks that began before a time and are not in the queue.
DELETE FROM task WHERE (project_name, type, id) IN
    (SELECT project_name, type, id FROM task INDEXED BY task_age WHERE start_time < :since
       AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                    WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
     LIMIT :most);
