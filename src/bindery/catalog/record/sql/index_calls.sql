-- name: add_call
-- A call of explicit indexing whose end is to be told.
INSERT INTO index_call (dataset_id, body) VALUES (:dataset_id, :body) RETURNING id;

-- name: add_call_file
-- A file that the call waits for.
INSERT INTO index_call_file (dataset_id, uri, call_id, error) VALUES (:dataset_id, :uri, :call_id, NULL);

-- name: settle_call_file
-- The file has its outcome, for every call that waits for it.
UPDATE index_call_file SET error = :error WHERE dataset_id = :dataset_id AND uri = :uri AND error IS NULL
RETURNING call_id;

-- name: settle_dataset
-- No file of a dataset is waited for any more: it was deleted.
UPDATE index_call_file SET error = :error WHERE dataset_id = :dataset_id AND error IS NULL;

-- name: open_call_files
-- How many files a call still waits for.
SELECT count(*) FROM index_call_file WHERE call_id = :call_id AND error IS NULL;

-- name: select_call
-- What the call was.
SELECT body FROM index_call WHERE id = :call_id;

-- name: call_errors
-- How each of its files has ended.
SELECT uri, error FROM index_call_file WHERE call_id = :call_id;

-- name: remove_call
-- The call was told; its files go with it.
DELETE FROM index_call WHERE id = :call_id;

-- name: dataset_calls
-- The calls of a dataset that is deleted.
SELECT id FROM index_call WHERE dataset_id = :dataset_id ORDER BY id;

-- name: awaited_files
-- Files that are to be indexed again after a restart.
SELECT DISTINCT uri FROM index_call_file WHERE dataset_id = :dataset_id AND error IS NULL;
