-- name: insert_user
-- A new user.
INSERT INTO ram_user (id, name, body) VALUES (:id, :name, :body);

-- name: select_user
-- A user by name.
SELECT body FROM ram_user WHERE name = :name;

-- name: select_user_by_id
-- A user by id.
SELECT body FROM ram_user WHERE id = :id;

-- name: update_user
-- What a user is now.
UPDATE ram_user SET name = :name, body = :body WHERE id = :id;

-- name: delete_user
-- The user himself, once nothing belongs to him.
DELETE FROM ram_user WHERE id = :id;

-- name: list_users
-- A page by name.
SELECT body FROM ram_user WHERE name > :after ORDER BY name LIMIT :limit;

-- name: count_users
-- How many there are, for the cap.
SELECT count(*) FROM ram_user;

-- name: user_conflicts
-- What keeps a user from being deleted.
SELECT EXISTS (SELECT 1 FROM membership WHERE user_id = :id),
       EXISTS (SELECT 1 FROM access_key WHERE user_id = :id),
       EXISTS (SELECT 1 FROM attachment WHERE kind = 'User' AND principal_id = :id);
