-- name: add_notification
INSERT INTO outbox (destination, id, body, made_time, attempts, due_time)
VALUES (:destination, :id, :body, :now, 0, :now);

-- name: due_notifications
SELECT sequence, id, body, made_time, attempts FROM outbox
WHERE destination = :destination AND due_time <= :now ORDER BY due_time, sequence LIMIT :limit;

-- name: remove_notification
DELETE FROM outbox WHERE sequence = :sequence;

-- name: postpone_notification
UPDATE outbox SET attempts = attempts + 1, due_time = :due WHERE sequence = :sequence;

-- name: expire_notifications
DELETE FROM outbox WHERE sequence IN
    (SELECT sequence FROM outbox WHERE destination = :destination AND made_time < :before LIMIT :limit);

-- name: outbox_destinations
SELECT DISTINCT destination FROM outbox;

-- name: outbox_backlog
SELECT destination, count(*), min(made_time) FROM outbox GROUP BY destination;
