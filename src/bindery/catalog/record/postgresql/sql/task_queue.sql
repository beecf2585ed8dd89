-- name: add_task
-- A task that is to be done, unless there is one for its subject.
INSERT INTO task_queue (project_name, type, id, parent, subject, weight, due, attempts, lease_owner, fence, cancel)
VALUES (:project_name, :type, :id, :parent, :subject, :weight,
        (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint + :wait, :attempts, :owner, 1, 0)
ON CONFLICT DO NOTHING;

-- name: take_task
-- The task whose turn it is, passing by those that others are just taking.
WITH clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS now),
chosen AS (
    SELECT first.* FROM task_turn AS t CROSS JOIN LATERAL (
        SELECT q.project_name, q.type, q.id FROM task_queue AS q
        WHERE q.project_name = t.project_name AND q.parent = t.parent
          AND q.due <= (SELECT now FROM clock) AND q.type = ANY (:types_list)
        ORDER BY q.due, q.id LIMIT 1 FOR UPDATE SKIP LOCKED) AS first
    WHERE t.project_name <> ALL (:without_list)
    ORDER BY t.is_batch, t.turn LIMIT 1)
UPDATE task_queue AS q
SET due = (SELECT now FROM clock) + :wait, lease_owner = :owner, attempts = attempts + 1, fence = fence + 1
FROM chosen WHERE q.project_name = chosen.project_name AND q.type = chosen.type AND q.id = chosen.id
RETURNING q.project_name, q.type, q.id, q.parent, q.weight, q.attempts, q.fence, q.cancel;

-- name: renew_lease
-- It is worked on further, unless it was taken by another.
UPDATE task_queue SET due = (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint + :wait
WHERE project_name = :project_name AND type = :type AND id = :id AND fence = :fence AND lease_owner = :owner
RETURNING cancel;

-- name: end_lease
-- It may be taken again after a while; ``back`` is taken off its attempts.
UPDATE task_queue
SET due = (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint + :wait, lease_owner = '',
    attempts = attempts - :back
WHERE project_name = :project_name AND type = :type AND id = :id AND fence = :fence AND lease_owner = :owner;

-- name: cancel_task
-- It is to end; whether somebody works on it, who will see that.
UPDATE task_queue SET cancel = 1 WHERE project_name = :project_name AND type = :type AND id = :id
RETURNING lease_owner <> '' AND due > (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint, fence, lease_owner;

-- name: next_due
-- When something can be taken, in nanoseconds from now.
SELECT due - (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint FROM task_queue
WHERE type = ANY (:types_list) ORDER BY due LIMIT 1;

-- name: adopt_tasks
-- Tasks that run by their rows but that nobody would take: earlier releases have left them.
INSERT INTO task_queue (project_name, type, id, parent, subject, weight, due, attempts, lease_owner, fence, cancel)
SELECT project_name, type, id, '', '', 1, 0, 0, '', 0, 0 FROM task
WHERE status = 'Running' AND type = ANY (:types_list)
  AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
LIMIT :most
ON CONFLICT DO NOTHING
RETURNING project_name;

-- name: end_leases_of_others
-- Where there is but one server, what another one holds was left by an end that it did not foresee.
UPDATE task_queue SET due = (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint, lease_owner = ''
WHERE lease_owner <> '' AND lease_owner <> :owner;

-- name: end_leases_of
-- What a server held that is known to be gone.
UPDATE task_queue SET due = (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint, lease_owner = ''
WHERE lease_owner = :owner;

-- name: idle_turns
-- Members of the ring that have nothing to be done. They stay locked until they are removed.
SELECT project_name, parent FROM task_turn AS t
WHERE NOT EXISTS (SELECT 1 FROM task_queue AS q WHERE q.project_name = t.project_name AND q.parent = t.parent)
LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: count_far
-- Whether anything is put off for longer than it can be.
SELECT count(*) FROM (
    SELECT 1 FROM task_queue, (SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS now) AS clock
    WHERE due > now + :pause AND (lease_owner = '' OR due > now + :lease) LIMIT 1) AS far;

-- name: recall_tasks
-- It is due now.
WITH clock AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS now)
UPDATE task_queue SET due = now FROM clock
WHERE due > now + :pause AND (lease_owner = '' OR due > now + :lease);
