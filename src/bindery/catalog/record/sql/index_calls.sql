-- name: add_call
INSERT INTO index_call (dataset_id, body) VALUES (:dataset_id, :body);

-- name: add_call_file
INSERT INTO index_call_file (dataset_id, uri, call_id, error) VALUES (:dataset_id, :uri, :call_id, NULL);

-- name: settle_call_file
UPDATE index_call_file SET error = :error WHERE dataset_id = :dataset_id AND uri = :uri AND error IS NULL
RETURNING call_id;

-- name: settle_dataset
UPDATE index_call_file SET error = :error WHERE dataset_id = :dataset_id AND error IS NULL;

-- name: open_call_files
SELECT count(*) FROM index_call_file WHERE call_id = :call_id AND error IS NULL;

-- name: select_call
SELECT body FROM index_call WHERE id = :call_id;

-- name: call_errors
SELECT uri, error FROM index_call_file WHERE call_id = :call_id;

-- name: remove_call
DELETE FROM index_call WHERE id = :call_id;

-- name: dataset_calls
SELECT id FROM index_call WHERE dataset_id = :dataset_id ORDER BY id;

-- name: awaited_files
SELECT DISTINCT uri FROM index_call_file WHERE dataset_id = :dataset_id AND error IS NULL;
