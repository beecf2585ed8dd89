-- name: insert_session
-- Somebody has signed in.
INSERT INTO browser_session (id, key_id, holder, create_time, use_time, address, agent)
VALUES (:id, :key_id, :holder, :create_time, :use_time, :address, :agent);

-- name: select_session
-- What a browser shows.
SELECT id, key_id, holder, create_time, use_time, address, agent FROM browser_session WHERE id = :id;

-- name: list_sessions
-- Where somebody is signed in, the newest first.
SELECT id, key_id, holder, create_time, use_time, address, agent FROM browser_session
WHERE holder = :holder ORDER BY create_time DESC LIMIT :limit;

-- name: note_use
-- It was used.
UPDATE browser_session SET use_time = :time WHERE id = :id AND use_time < :time;

-- name: end_session
-- Signed out.
DELETE FROM browser_session WHERE id = :id;

-- name: end_sessions_of
-- Signed out everywhere.
DELETE FROM browser_session WHERE holder = :holder;

-- name: forget_unused
-- Some sessions that are over, because nobody has used them for long.
DELETE FROM browser_session WHERE id IN (
    SELECT id FROM browser_session WHERE use_time < :before ORDER BY use_time LIMIT :limit
);

-- name: keep_newest
-- Room for one more: all but the newest sessions of somebody.
DELETE FROM browser_session WHERE id IN (
    SELECT id FROM browser_session WHERE holder = :holder ORDER BY create_time DESC LIMIT 9223372036854775807 OFFSET :most
);
