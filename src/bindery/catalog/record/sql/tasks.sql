-- name: put_task
-- A new task, or what it is now.
INSERT INTO task (project_name, type, id, start_time, end_time, status, body)
VALUES (:project_name, :type, :id, :start_time, :end_time, :status, :body)
ON CONFLICT (project_name, type, id) DO UPDATE
SET start_time = excluded.start_time, end_time = excluded.end_time, status = excluded.status, body = excluded.body;

-- name: select_task
-- One task that is not too old, or has not ended.
SELECT body FROM task WHERE project_name = :project_name AND type = :type AND id = :id
  AND (start_time >= :since
       OR EXISTS (SELECT 1 FROM task_queue WHERE project_name = :project_name AND type = :type AND id = :id));

-- name: list_keys
-- Some of those that stand near each other in an index, and among them those that pass a filter; see task_lists.py.
SELECT type, id, start_time, end_time FROM
    (SELECT project_name, type, id, start_time, end_time, status FROM task INDEXED BY {index}
     WHERE {near} ORDER BY {near_order} LIMIT :most) AS task
WHERE {conditions} {order} LIMIT :limit;

-- name: list_tagged_keys
-- The same of those that have a tag.
SELECT type, id, start_time, end_time FROM
    (SELECT task.project_name, task.type, task.id, task.start_time, task.end_time, task.status
     FROM task_tag AS t CROSS JOIN task ON task.project_name = t.project_name AND task.type = t.type AND task.id = t.id
     WHERE t.project_name = :project_name AND t.tag = :tag
     ORDER BY t.start_time, t.type, t.id LIMIT :most) AS task
WHERE {conditions} {order} LIMIT :limit;

-- name: count_near
-- How many an index would name, up to a bound.
SELECT count(*) FROM (SELECT 1 FROM task INDEXED BY {index} WHERE {near} LIMIT :most) AS near;

-- name: count_tagged
-- How many have a tag, up to a bound.
SELECT count(*) FROM (SELECT 1 FROM task_tag WHERE project_name = :project_name AND tag = :tag LIMIT :most) AS near;

-- name: list_end
-- Where looking through an index pauses.
SELECT id, start_time, end_time FROM task INDEXED BY {index} WHERE {near} ORDER BY {near_order} LIMIT 1 OFFSET :most - 1;

-- name: of_project
-- Of a project.
project_name = :project_name

-- name: of_status
-- With a status.
status = :status

-- name: of_type
-- Of a type.
type = :type

-- name: of_types
-- Of some types.
type IN (SELECT value FROM json_each(:types))

-- name: of_tag
-- With a tag. A value and not EXISTS, here and below: PostgreSQL would read all that have the tag, and look these up among them.
(SELECT t.id FROM task_tag AS t WHERE t.project_name = task.project_name AND t.tag = :tag
   AND t.start_time = task.start_time AND t.type = task.type AND t.id = task.id) IS NOT NULL

-- name: of_start
-- Begun within a time.
start_time BETWEEN :started_first AND :started_last

-- name: of_end
-- Ended within a time.
end_time BETWEEN :ended_first AND :ended_last

-- name: is_kept
-- Not too old, or not ended.
(start_time >= :since OR (SELECT q.id FROM task_queue AS q WHERE q.project_name = task.project_name
                            AND q.type = task.type AND q.id = task.id) IS NOT NULL)

-- name: behind_id
-- Behind a page, in the order of ids.
id > :id

-- name: behind_start
-- Behind a page, in the order of beginnings.
(start_time, id) > (:instant, :id)

-- name: behind_end
-- Behind a page, in the order of ends.
(end_time, id) > (:instant, :id)

-- name: select_bodies
-- Tasks of these ids, of any types.
SELECT body FROM task INDEXED BY task_id
WHERE project_name = :project_name AND id IN (SELECT value FROM json_each(:ids));

-- name: add_tag
-- A task has a tag.
INSERT INTO task_tag (project_name, tag, start_time, type, id) VALUES (:project_name, :tag, :start_time, :type, :id);

-- name: delete_tags
-- Before a task goes, or gets others.
DELETE FROM task_tag WHERE project_name = :project_name AND type = :type AND id = :id;

-- name: delete_old_tasks
-- Some tasks that began before a time and are not in the queue.
DELETE FROM task WHERE (project_name, type, id) IN
    (SELECT project_name, type, id FROM task INDEXED BY task_age WHERE start_time < :since
       AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                    WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
     LIMIT :most)
RETURNING project_name, type, id;

-- name: delete_of_project
-- Some tasks of a project, whatever has become of them.
DELETE FROM task WHERE (project_name, type, id) IN
    (SELECT project_name, type, id FROM task WHERE project_name = :project_name LIMIT :most)
RETURNING project_name, type, id;
