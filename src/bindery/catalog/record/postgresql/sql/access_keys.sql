-- name: list_keys
-- The keys of a user, or of the account.
SELECT id, user_id, sealed, active, label, create_time FROM access_key WHERE user_id IS NOT DISTINCT FROM :user_id
ORDER BY create_time, id;

-- name: set_active
-- It is enabled or disabled.
UPDATE access_key SET active = :active WHERE id = :id AND user_id IS NOT DISTINCT FROM :user_id;

-- name: delete_key
-- It is gone, with its use.
DELETE FROM access_key WHERE id = :id AND user_id IS NOT DISTINCT FROM :user_id;

-- name: select_use
-- Whose it is, and when it was used last.
SELECT time, service FROM access_key LEFT JOIN access_key_use ON key_id = id
WHERE id = :id AND user_id IS NOT DISTINCT FROM :user_id;
