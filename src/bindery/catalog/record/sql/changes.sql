-- name: add_change
INSERT INTO change (binding_id, key, since, version)
SELECT :binding_id, :key, :since, 1 WHERE EXISTS (SELECT 1 FROM binding WHERE id = :binding_id AND ending = '')
ON CONFLICT (binding_id, key) DO UPDATE SET version = version + 1;

-- name: changes_after
SELECT sequence, key, version FROM change
WHERE binding_id = :binding_id AND sequence > :after ORDER BY sequence LIMIT :limit;

-- name: remove_change
DELETE FROM change WHERE sequence = :sequence AND version = :version;

-- name: select_change
SELECT sequence, key, version FROM change WHERE sequence = :sequence;

-- name: oldest_change
SELECT since FROM change WHERE binding_id = :binding_id ORDER BY sequence LIMIT 1;

-- name: oldest_changes
SELECT binding_id, min(since) FROM change GROUP BY binding_id;
