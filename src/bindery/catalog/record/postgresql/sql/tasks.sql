-- name: list_keys
-- Some of those that stand near each other in an index, and among them those that pass a filter; see task_lists.py.
SELECT type, id, start_time, end_time FROM
    (SELECT project_name, type, id, start_time, end_time, status FROM task
     WHERE {near} ORDER BY {near_order} LIMIT :most) AS task
WHERE {conditions} {order} LIMIT :limit;

-- name: list_tagged_keys
-- The same of those that have a tag.
SELECT type, id, start_time, end_time FROM
    (SELECT task.project_name, task.type, task.id, task.start_time, task.end_time, task.status
     FROM task_tag AS t JOIN task ON task.project_name = t.project_name AND task.type = t.type AND task.id = t.id
     WHERE t.project_name = :project_name AND t.tag = :tag
     ORDER BY t.start_time, t.type, t.id LIMIT :most) AS task
WHERE {conditions} {order} LIMIT :limit;

-- name: count_near
-- How many an index would name, up to a bound; in its order, or all rows might be read to find few.
SELECT count(*) FROM (SELECT 1 FROM task WHERE {near} ORDER BY {near_order} LIMIT :most) AS near;

-- name: count_tagged
-- How many have a tag, up to a bound.
SELECT count(*) FROM (SELECT 1 FROM task_tag WHERE project_name = :project_name AND tag = :tag
                      ORDER BY start_time, type, id LIMIT :most) AS near;

-- name: list_end
-- Where looking through an index pauses.
SELECT id, start_time, end_time FROM task WHERE {near} ORDER BY {near_order} LIMIT 1 OFFSET :most - 1;

-- name: of_types
type = ANY (:types_list)

-- name: select_bodies
-- Tasks of these ids, of any types.
SELECT body FROM task WHERE project_name = :project_name AND id = ANY (:ids_list);

-- name: delete_old_tasks
-- Some tasks that began before a time and are not in the queue.
DELETE FROM task WHERE (project_name, type, id) IN
    (SELECT project_name, type, id FROM task WHERE start_time < :since
       AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                    WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
     LIMIT :most)
RETURNING project_name, type, id;
