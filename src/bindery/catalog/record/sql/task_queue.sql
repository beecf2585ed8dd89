-- name: join_ring
-- Whoever has none gets a turn, behind all others. The row stays locked, so that it is not removed meanwhile.
INSERT INTO task_turn (project_name, parent, is_batch, turn)
VALUES (:project_name, :parent, :is_batch,
        (SELECT coalesce(max(turn), 0) + 1 FROM task_turn WHERE is_batch = :is_batch))
ON CONFLICT (project_name, parent) DO UPDATE SET turn = task_turn.turn;

-- name: add_task
-- A task that is to be done, unless there is one for its subject.
INSERT INTO task_queue (project_name, type, id, parent, subject, weight, due, attempts, lease_owner, fence, cancel)
VALUES (:project_name, :type, :id, :parent, :subject, :weight, :now + :wait, :attempts, :owner, 1, 0)
ON CONFLICT DO NOTHING;

-- name: task_of_subject
-- The task that works on a subject, or will.
SELECT (SELECT t.body FROM task AS t WHERE t.project_name = q.project_name AND t.type = q.type AND t.id = q.id)
FROM task_queue AS q WHERE q.type = :type AND q.subject = :subject AND q.subject <> '';

-- name: take_task
-- The task whose turn it is. Those of a ring are asked one after the other, and the first that has any is served.
UPDATE task_queue SET due = :now + :wait, lease_owner = :owner, attempts = attempts + 1, fence = fence + 1
WHERE rowid = (
    SELECT (SELECT rowid FROM task_queue AS q WHERE q.project_name = t.project_name AND q.parent = t.parent
              AND q.due <= :now AND q.type IN (SELECT value FROM json_each(:types)) ORDER BY q.due, q.id LIMIT 1) AS first
    FROM task_turn AS t INDEXED BY task_turn_order
    WHERE t.project_name NOT IN (SELECT value FROM json_each(:without)) AND first IS NOT NULL
    ORDER BY t.is_batch, t.turn LIMIT 1)
RETURNING project_name, type, id, parent, weight, attempts, fence, cancel;

-- name: end_turn
-- Who was served stands behind all others of the ring.
UPDATE task_turn SET turn = (SELECT max(turn) + 1 FROM task_turn WHERE is_batch = :is_batch)
WHERE project_name = :project_name AND parent = :parent;

-- name: renew_lease
-- It is worked on further, unless it was taken by another.
UPDATE task_queue SET due = :now + :wait
WHERE project_name = :project_name AND type = :type AND id = :id AND fence = :fence AND lease_owner = :owner
RETURNING cancel;

-- name: end_lease
-- It may be taken again after a while; ``back`` is taken off its attempts.
UPDATE task_queue SET due = :now + :wait, lease_owner = '', attempts = attempts - :back
WHERE project_name = :project_name AND type = :type AND id = :id AND fence = :fence AND lease_owner = :owner;

-- name: remove_task
-- It has ended, unless it was taken by another.
DELETE FROM task_queue
WHERE project_name = :project_name AND type = :type AND id = :id AND fence = :fence AND lease_owner = :owner;

-- name: cancel_task
-- It is to end; whether somebody works on it, who will see that.
UPDATE task_queue SET cancel = 1 WHERE project_name = :project_name AND type = :type AND id = :id
RETURNING lease_owner <> '' AND due > :now, fence, lease_owner;

-- name: next_due
-- When something can be taken, in nanoseconds from now.
SELECT due - :now FROM task_queue WHERE type IN (SELECT value FROM json_each(:types)) ORDER BY due LIMIT 1;

-- name: adopt_tasks
-- Tasks that run by their rows but that nobody would take: earlier releases have left them.
INSERT INTO task_queue (project_name, type, id, parent, subject, weight, due, attempts, lease_owner, fence, cancel)
SELECT project_name, type, id, '', '', 1, :now, 0, '', 0, 0 FROM task INDEXED BY task_status
WHERE status = 'Running' AND type IN (SELECT value FROM json_each(:types))
  AND NOT EXISTS (SELECT 1 FROM task_queue AS q
                  WHERE q.project_name = task.project_name AND q.type = task.type AND q.id = task.id)
LIMIT :most
RETURNING project_name;

-- name: end_leases_of_others
-- Where there is but one server, what another one holds was left by an end that it did not foresee.
UPDATE task_queue SET due = :now, lease_owner = '' WHERE lease_owner <> '' AND lease_owner <> :owner;

-- name: end_leases_of
-- What a server held that is known to be gone.
UPDATE task_queue SET due = :now, lease_owner = '' WHERE lease_owner = :owner;

-- name: idle_turns
-- Members of the ring that have nothing to be done. They stay locked until they are removed.
SELECT project_name, parent FROM task_turn AS t
WHERE NOT EXISTS (SELECT 1 FROM task_queue AS q WHERE q.project_name = t.project_name AND q.parent = t.parent)
LIMIT :most;

-- name: leave_ring
-- One that has nothing to be done.
DELETE FROM task_turn WHERE project_name = :project_name AND parent = :parent
  AND NOT EXISTS (SELECT 1 FROM task_queue AS q WHERE q.project_name = :project_name AND q.parent = :parent);

-- name: count_waiting
-- How many tasks of a batch wait to be taken, up to a bound.
SELECT count(*) FROM (SELECT 1 FROM task_queue WHERE project_name = :project_name AND parent = :parent
                      AND lease_owner = '' LIMIT :most) AS waiting;

-- name: drop_task
-- Nobody is to do it any more; whoever works on it has lost its lease.
DELETE FROM task_queue WHERE project_name = :project_name AND type = :type AND id = :id;

-- name: count_far
-- Whether anything is put off for longer than it can be.
SELECT count(*) FROM (SELECT 1 FROM task_queue
                      WHERE due > :now + :pause AND (lease_owner = '' OR due > :now + :lease) LIMIT 1) AS far;

-- name: recall_tasks
-- It is due now.
UPDATE task_queue SET due = :now WHERE due > :now + :pause AND (lease_owner = '' OR due > :now + :lease);
