-- name: insert_policy
-- A new policy; its first version is its default.
INSERT INTO policy (name, body, default_version, newest_version) VALUES (:name, :body, 1, 1);

-- name: select_policy
-- A policy by name, with how many have it.
SELECT body, default_version, (SELECT count(*) FROM attachment WHERE type = 'Custom' AND policy = name), newest_version
FROM policy WHERE name = :name;

-- name: select_with_default
-- The same with the document that counts, as of one instant.
SELECT body, default_version, (SELECT count(*) FROM attachment WHERE type = 'Custom' AND policy = name), newest_version,
       document, create_time
FROM policy JOIN policy_version ON policy = name AND number = default_version WHERE name = :name;

-- name: update_policy
-- What a policy is now.
UPDATE policy SET body = :body WHERE name = :name;

-- name: delete_policy
-- The policy with its versions.
DELETE FROM policy WHERE name = :name;

-- name: list_policies
-- By name; an account has 1,500 at most.
SELECT body, default_version, (SELECT count(*) FROM attachment WHERE type = 'Custom' AND policy = name), newest_version
FROM policy WHERE name > :after ORDER BY name;

-- name: count_policies
-- How many there are, for the cap.
SELECT count(*) FROM policy;

-- name: kinds_that_have
-- What keeps a policy from being deleted.
SELECT DISTINCT kind FROM attachment WHERE type = 'Custom' AND policy = :name;

-- name: insert_version
-- A new document.
INSERT INTO policy_version (policy, number, document, create_time) VALUES (:name, :number, :document, :now);

-- name: count_version
-- Its number was given.
UPDATE policy SET newest_version = :number WHERE name = :name;

-- name: set_default
-- Which of its documents counts.
UPDATE policy SET default_version = :number WHERE name = :name;

-- name: list_versions
-- The newest first; there are few.
SELECT number, document, number = (SELECT default_version FROM policy WHERE name = policy_version.policy), create_time
FROM policy_version WHERE policy = :name ORDER BY number DESC;

-- name: select_version
-- One document.
SELECT number, document, number = (SELECT default_version FROM policy WHERE name = policy_version.policy), create_time
FROM policy_version WHERE policy = :name AND number = :number;

-- name: delete_version
-- One document.
DELETE FROM policy_version WHERE policy = :name AND number = :number;

-- name: insert_attachment
-- A policy is attached.
INSERT INTO attachment (kind, principal_id, type, policy, attach_time) VALUES (:kind, :id, :type, :name, :now);

-- name: select_attachment
-- Whether it is.
SELECT 1 FROM attachment WHERE kind = :kind AND principal_id = :id AND type = :type AND policy = :name;

-- name: delete_attachment
-- It is detached.
DELETE FROM attachment WHERE kind = :kind AND principal_id = :id AND type = :type AND policy = :name;

-- name: count_attachments
-- For the cap.
SELECT count(*) FROM attachment WHERE kind = :kind AND principal_id = :id AND type = :type;

-- name: list_attached
-- What a user, group or role has itself.
SELECT a.type, coalesce(p.name, a.policy), p.body, coalesce(p.default_version, 0), a.attach_time
FROM attachment AS a LEFT JOIN policy AS p ON a.type = 'Custom' AND p.name = a.policy
WHERE a.kind = :kind AND a.principal_id = :id ORDER BY a.policy, a.type;

-- name: list_users_with
-- Who has a policy: users.
SELECT body, attach_time FROM attachment JOIN ram_user ON ram_user.id = principal_id
WHERE type = :type AND policy = :name AND kind = 'User' ORDER BY ram_user.name;

-- name: list_groups_with
-- Groups.
SELECT body, attach_time FROM attachment JOIN user_group ON user_group.id = principal_id
WHERE type = :type AND policy = :name AND kind = 'Group' ORDER BY user_group.name;

-- name: list_roles_with
-- Roles.
SELECT body, attach_time FROM attachment JOIN role ON role.id = principal_id
WHERE type = :type AND policy = :name AND kind = 'Role' ORDER BY role.name;

-- name: attachment_counts
-- How many have each policy of a type.
SELECT policy, count(*) FROM attachment WHERE type = :type GROUP BY policy;

-- name: granted_to_user
-- What counts for a user: his own, then those of his groups.
SELECT 'User', u.name, a.type, coalesce(v.policy, a.policy), coalesce(v.number, 0), v.document
FROM ram_user AS u
JOIN attachment AS a ON a.kind = 'User' AND a.principal_id = u.id
LEFT JOIN policy AS p ON a.type = 'Custom' AND p.name = a.policy
LEFT JOIN policy_version AS v ON v.policy = p.name AND v.number = p.default_version
WHERE u.id = :id
UNION ALL
SELECT 'Group', g.name, a.type, coalesce(v.policy, a.policy), coalesce(v.number, 0), v.document
FROM membership AS m
JOIN user_group AS g ON g.id = m.group_id
JOIN attachment AS a ON a.kind = 'Group' AND a.principal_id = g.id
LEFT JOIN policy AS p ON a.type = 'Custom' AND p.name = a.policy
LEFT JOIN policy_version AS v ON v.policy = p.name AND v.number = p.default_version
WHERE m.user_id = :id;

-- name: granted_to_role
-- What counts for a role.
SELECT 'Role', r.name, a.type, coalesce(v.policy, a.policy), coalesce(v.number, 0), v.document
FROM role AS r
JOIN attachment AS a ON a.kind = 'Role' AND a.principal_id = r.id
LEFT JOIN policy AS p ON a.type = 'Custom' AND p.name = a.policy
LEFT JOIN policy_version AS v ON v.policy = p.name AND v.number = p.default_version
WHERE r.id = :id;
