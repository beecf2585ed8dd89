-- name: put_ledger
-- What was seen of an object, and what came of it.
INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: walk_ledger
-- A page of a ledger by key, for the march beside a listing.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger WHERE binding_id = :binding_id AND key > :after ORDER BY key LIMIT :limit;

-- name: select_ledger
-- The row of one key.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time, file_id
FROM ledger WHERE binding_id = ? AND key = ?;

-- name: bury_ledger
-- The object is gone; its row stays as a tombstone for a while.
UPDATE ledger SET outcome = 'Deleted', reason = '', outcome_time = ? WHERE binding_id = ? AND key = ?;

-- name: drop_ledger
-- Forget a key that has no place in the books.
DELETE FROM ledger WHERE binding_id = ? AND key = ?;

-- name: select_filtered
-- A page of the rows that pass a filter. A plus keeps a condition from the index, which begins at the other bound.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger NOT INDEXED
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND +key > :after
  AND (:outcome IS NULL OR outcome = :outcome)
  AND (:code IS NULL OR substr(reason, 1, instr(reason || ':', ':') - 1) = :code)
  AND (:code_prefix IS NULL OR substr(reason, 1, length(:code_prefix)) = :code_prefix)
  AND (:version_below IS NULL OR (extractor_version < :version_below AND outcome IN ('Indexed', 'Failed')))
ORDER BY key LIMIT :limit;

-- name: select_horizon
-- The key behind so many rows, where looking through a ledger pauses, and the last one before it.
SELECT key FROM ledger WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND +key > :after
ORDER BY key LIMIT 2 OFFSET :rows;

-- name: select_unsettled_horizon
-- The same within one of the outcomes that have an index of their own.
SELECT key FROM ledger INDEXED BY ledger_unsettled
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND +key > :after
  AND outcome IN ('Failed', 'Pending', 'Excluded') AND outcome = :outcome
ORDER BY key LIMIT 2 OFFSET :rows;

-- name: select_unsettled
-- A page of the rows that pass a filter, of one of these outcomes.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger INDEXED BY ledger_unsettled
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND +key > :after
  AND outcome IN ('Failed', 'Pending', 'Excluded') AND outcome = :outcome
  AND (:code IS NULL OR substr(reason, 1, instr(reason || ':', ':') - 1) = :code)
  AND (:code_prefix IS NULL OR substr(reason, 1, length(:code_prefix)) = :code_prefix)
  AND (:version_below IS NULL OR (extractor_version < :version_below AND outcome IN ('Indexed', 'Failed')))
ORDER BY key LIMIT :limit;

-- name: mark_row
-- Have an object extracted again: no version is known of it.
UPDATE ledger SET etag = '', attempts = 0 WHERE binding_id = ? AND key = ? AND outcome <> 'Deleted';

-- name: count_below
-- Rows that stand for entries, in a range of keys; counting ends at a limit.
SELECT count(*) FROM (
    SELECT 1 FROM ledger
    WHERE binding_id = :binding_id AND key >= :first AND key < :behind
      AND outcome NOT IN ('Deleted', 'Excluded')
    LIMIT :limit
) AS counted;

-- name: is_renamed
-- Whether the file of a row was settled under another key since a time.
SELECT 1 FROM ledger AS former CROSS JOIN ledger AS present INDEXED BY ledger_content
    ON present.etag = former.etag AND present.outcome = 'Indexed' AND present.size > 0
WHERE former.binding_id = :binding_id AND former.key = :key AND former.file_id <> ''
  AND present.binding_id = :binding_id AND present.file_id = former.file_id AND present.size = former.size
  AND present.key <> :key AND present.outcome_time >= :since
LIMIT 1;
