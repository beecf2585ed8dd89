-- name: add_notification
-- A message on its way, in the transaction that it tells of.
INSERT INTO outbox (destination, id, body, made_time, attempts, due_time)
VALUES (:destination, :id, :body, :now, 0, :now);

-- name: due_notifications
-- Messages to be sent now, the longest due first.
SELECT sequence, id, body, made_time, attempts FROM outbox
WHERE destination = :destination AND due_time <= :now ORDER BY due_time, sequence LIMIT :limit;

-- name: far_notifications
-- Messages that are due later than any can be.
SELECT sequence, id, body, made_time, attempts FROM outbox
WHERE destination = :destination AND due_time > :far ORDER BY due_time, sequence LIMIT :limit;

-- name: remove_notification
-- It was delivered.
DELETE FROM outbox WHERE sequence = :sequence;

-- name: postpone_notification
-- It was tried in vain.
UPDATE outbox SET attempts = attempts + 1, due_time = :due WHERE sequence = :sequence;

-- name: expire_notifications
-- Some messages that nobody has taken for too long.
DELETE FROM outbox WHERE sequence IN
    (SELECT sequence FROM outbox WHERE destination = :destination AND made_time < :before LIMIT :limit);

-- name: outbox_destinations
-- Where anything waits.
SELECT DISTINCT destination FROM outbox;

-- name: outbox_backlog
-- How much waits, and since when.
SELECT destination, count(*), min(made_time) FROM outbox GROUP BY destination;
