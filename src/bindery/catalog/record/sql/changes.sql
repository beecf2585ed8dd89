-- name: add_change
-- A key that an event has named; one that waits already is marked anew.
INSERT INTO change (binding_id, key, since, version)
SELECT :binding_id, :key, :since, 1 WHERE EXISTS (SELECT 1 FROM binding WHERE id = :binding_id AND ending = '')
ON CONFLICT (binding_id, key) DO UPDATE SET version = change.version + 1;

-- name: changes_after
-- A page of the keys that wait, in the order of their first events.
SELECT sequence, key, version FROM change
WHERE binding_id = :binding_id AND sequence > :after ORDER BY sequence LIMIT :limit;

-- name: remove_change
-- A key was dealt with, unless another event has named it meanwhile.
DELETE FROM change WHERE sequence = :sequence AND version = :version;

-- name: select_change
-- What still waits after that.
SELECT sequence, key, version FROM change WHERE sequence = :sequence;

-- name: oldest_change
-- Since when the oldest key of a binding waits.
SELECT since FROM change WHERE binding_id = :binding_id ORDER BY sequence LIMIT 1;

-- name: oldest_changes
-- The same of every binding, once at the start.
SELECT binding_id, min(since) FROM change GROUP BY binding_id;

-- name: waiting_bindings
-- Bindings of which any key waits.
SELECT id FROM binding WHERE ending = '' AND EXISTS (SELECT 1 FROM change WHERE binding_id = binding.id);
