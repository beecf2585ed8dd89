-- name: insert_role
-- A new role.
INSERT INTO role (id, name, body) VALUES (:id, :name, :body);

-- name: select_role
-- A role by name.
SELECT body FROM role WHERE name = :name;

-- name: select_role_by_id
-- A role by id.
SELECT body FROM role WHERE id = :id;

-- name: update_role
-- What a role is now.
UPDATE role SET body = :body WHERE id = :id;

-- name: delete_role
-- The role itself, once nothing is attached.
DELETE FROM role WHERE id = :id;

-- name: list_roles
-- By name; an account has a thousand at most.
SELECT body FROM role WHERE name > :after ORDER BY name;

-- name: count_roles
-- How many there are, for the cap.
SELECT count(*) FROM role;

-- name: role_conflicts
-- What keeps a role from being deleted.
SELECT EXISTS (SELECT 1 FROM attachment WHERE kind = 'Role' AND principal_id = :id);
