-- name: insert_group
-- A new group.
INSERT INTO user_group (id, name, body) VALUES (:id, :name, :body);

-- name: select_group
-- A group by name.
SELECT body FROM user_group WHERE name = :name;

-- name: update_group
-- What a group is now.
UPDATE user_group SET name = :name, body = :body WHERE id = :id;

-- name: delete_group
-- The group itself, once it is empty.
DELETE FROM user_group WHERE id = :id;

-- name: list_groups
-- A page by name.
SELECT body FROM user_group WHERE name > :after ORDER BY name LIMIT :limit;

-- name: count_groups
-- How many there are, for the cap.
SELECT count(*) FROM user_group;

-- name: group_conflicts
-- What keeps a group from being deleted.
SELECT EXISTS (SELECT 1 FROM membership WHERE group_id = :id),
       EXISTS (SELECT 1 FROM attachment WHERE kind = 'Group' AND principal_id = :id);

-- name: insert_member
-- A user joins.
INSERT INTO membership (group_id, user_id, join_time) VALUES (:group_id, :user_id, :now);

-- name: select_member
-- Whether he has.
SELECT 1 FROM membership WHERE group_id = :group_id AND user_id = :user_id;

-- name: delete_member
-- He leaves.
DELETE FROM membership WHERE group_id = :group_id AND user_id = :user_id;

-- name: count_groups_of_user
-- For the cap.
SELECT count(*) FROM membership WHERE user_id = :user_id;

-- name: list_members
-- A page of who is in a group, by name.
SELECT body, join_time FROM membership JOIN ram_user ON ram_user.id = user_id
WHERE group_id = :group_id AND name > :after ORDER BY name LIMIT :limit;

-- name: list_groups_of_user
-- By name; there are few.
SELECT body, join_time FROM membership JOIN user_group ON user_group.id = group_id
WHERE user_id = :user_id ORDER BY name;
