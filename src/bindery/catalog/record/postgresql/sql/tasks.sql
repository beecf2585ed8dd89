-- name: put_task
-- A new task, or what it is now.
INSERT INTO task (project_name, type, id, start_time, end_time, status, tags, body)
VALUES (:project_name, :type, :id, :start_time, :end_time, :status, :tags, :body)
ON CONFLICT (project_name, type, id) DO UPDATE
SET start_time = excluded.start_time, end_time = excluded.end_time, status = excluded.status, tags = excluded.tags,
    body = excluded.body;

-- name: list_by_id
-- A page of the tasks that pass a filter, by id.
SELECT body FROM task WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id::text IS NULL OR id > :id)
  AND (:types_list::text[] IS NULL OR type = ANY (:types_list))
  AND (:status::text IS NULL OR status = :status)
  AND (:tag::text IS NULL OR :tag = ANY (tags))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first::float8 IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY id LIMIT :limit;

-- name: list_by_start
-- The same by time of start, then id.
SELECT body FROM task WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id::text IS NULL OR (start_time, id) > (:instant, :id))
  AND (:types_list::text[] IS NULL OR type = ANY (:types_list))
  AND (:status::text IS NULL OR status = :status)
  AND (:tag::text IS NULL OR :tag = ANY (tags))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first::float8 IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY start_time, id LIMIT :limit;

-- name: list_by_end
-- The same by time of end, then id; what runs has none and counts as 0.
SELECT body FROM task WHERE project_name = :project_name
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id))
  AND (:id::text IS NULL OR (end_time, id) > (:instant, :id))
  AND (:types_list::text[] IS NULL OR type = ANY (:types_list))
  AND (:status::text IS NULL OR status = :status)
  AND (:tag::text IS NULL OR :tag = ANY (tags))
  AND start_time BETWEEN :started_first AND :started_last
  AND (:ended_first::float8 IS NULL OR (end_time > 0 AND end_time BETWEEN :ended_first AND :ended_last))
ORDER BY end_time, id LIMIT :limit;

-- name: delete_old_tasks
-- Some tasks that began before a time and are not in the queue.
DELETE FROM task WHERE (project_name, type, id) IN
    (SELECT project_name, type, id FROM task WHERE start_time < :since
       AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                    WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
     LIMIT :most);
