-- name: raise_version
-- With every change of who may do what.
UPDATE access_version SET version = version + 1 RETURNING version;

-- name: select_version
-- What caches are valid for.
SELECT version FROM access_version;
