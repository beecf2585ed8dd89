-- name: insert_key
-- A new key.
INSERT INTO access_key (id, user_id, sealed, active, label, create_time)
VALUES (:id, :user_id, :sealed, :active, :label, :create_time);

-- name: select_key
-- A key of anybody, with its user.
SELECT access_key.id, user_id, sealed, active, label, create_time, ram_user.body
FROM access_key LEFT JOIN ram_user ON ram_user.id = user_id WHERE access_key.id = :id;

-- name: list_keys
-- The keys of a user, or of the account.
SELECT id, user_id, sealed, active, label, create_time FROM access_key WHERE user_id IS :user_id
ORDER BY create_time, id;

-- name: count_keys
-- For the cap of a user.
SELECT count(*) FROM access_key WHERE user_id = :user_id;

-- name: set_active
-- It is enabled or disabled.
UPDATE access_key SET active = :active WHERE id = :id AND user_id IS :user_id;

-- name: delete_key
-- It is gone, with its use.
DELETE FROM access_key WHERE id = :id AND user_id IS :user_id;

-- name: select_use
-- Whose it is, and when it was used last.
SELECT time, service FROM access_key LEFT JOIN access_key_use ON key_id = id WHERE id = :id AND user_id IS :user_id;

-- name: note_use
-- It was used; of a key that is gone nothing is kept.
INSERT INTO access_key_use (key_id, time, service) SELECT id, :time, :service FROM access_key WHERE id = :id
ON CONFLICT (key_id) DO UPDATE SET time = excluded.time, service = excluded.service WHERE excluded.time > access_key_use.time;

-- name: page_of_keys
-- Keys of everybody, by id.
SELECT id, user_id, sealed, active, label, create_time FROM access_key WHERE id > :after ORDER BY id LIMIT :limit;

-- name: reseal
-- The same secret under another sealing key.
UPDATE access_key SET sealed = :after WHERE id = :id AND sealed = :before;
