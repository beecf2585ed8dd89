-- name: lock_binding
-- Nobody else changes the binding, or rows that lead to it, until the end of the transaction.
SELECT 1 FROM binding WHERE id = :id FOR NO KEY UPDATE;

-- name: lock_dataset
-- The same of a dataset and its entries.
SELECT 1 FROM dataset WHERE id = :id FOR NO KEY UPDATE;
