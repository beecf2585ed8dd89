-- name: find_bucket
-- Where one is.
SELECT sealed FROM registered_bucket WHERE name = :name;

-- name: list_buckets
-- All of them: as many as people have registered.
SELECT name, sealed FROM registered_bucket ORDER BY name;

-- name: insert_bucket
-- One that is new.
INSERT INTO registered_bucket (name, sealed) VALUES (:name, :sealed) ON CONFLICT (name) DO NOTHING;

-- name: put_bucket
-- It is there from now on, wherever it was.
INSERT INTO registered_bucket (name, sealed) VALUES (:name, :sealed)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed;

-- name: replace_bucket
-- Unless somebody has changed it since it was read.
UPDATE registered_bucket SET sealed = :sealed WHERE name = :name AND sealed = :before;

-- name: delete_bucket
-- Nobody can open it any more.
DELETE FROM registered_bucket WHERE name = :name AND sealed = :before;
