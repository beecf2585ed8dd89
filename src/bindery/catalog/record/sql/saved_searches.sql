-- name: put_search
-- A new search, or another expression for one.
INSERT INTO saved_search (dataset_id, owner, name, expression, update_time)
VALUES (:dataset_id, :owner, :name, :expression, :update_time)
ON CONFLICT (dataset_id, owner, name) DO UPDATE
SET expression = excluded.expression, update_time = excluded.update_time;

-- name: count_searches
-- How many somebody has.
SELECT count(*) FROM saved_search WHERE dataset_id = :dataset_id AND owner = :owner;

-- name: list_searches
-- Of one owner, by name.
SELECT name, expression, update_time FROM saved_search
WHERE dataset_id = :dataset_id AND owner = :owner ORDER BY name;

-- name: select_search
-- Whether there is one of this name.
SELECT 1 FROM saved_search WHERE dataset_id = :dataset_id AND owner = :owner AND name = :name;

-- name: delete_search
-- It is not wanted any more.
DELETE FROM saved_search WHERE dataset_id = :dataset_id AND owner = :owner AND name = :name;
