-- name: put_ledger
-- What was seen of an object, and what came of it.
INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (binding_id, key) DO UPDATE
SET etag = excluded.etag, size = excluded.size, modified_ns = excluded.modified_ns, outcome = excluded.outcome,
    reason = excluded.reason, attempts = excluded.attempts, extractor_version = excluded.extractor_version,
    seen_time = excluded.seen_time, outcome_time = excluded.outcome_time, file_id = excluded.file_id;

-- name: select_filtered
-- A page of the rows that pass a filter.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND key > :after
  AND (:outcome::text IS NULL OR outcome = :outcome)
  AND (:code::text IS NULL OR split_part(reason, ':', 1) = :code)
  AND (:code_prefix::text IS NULL OR starts_with(reason, :code_prefix))
  AND (:version_below::bigint IS NULL OR (extractor_version < :version_below AND outcome IN ('Indexed', 'Failed')))
ORDER BY key LIMIT :limit;

-- name: select_horizon
-- The key behind so many rows, where looking through a ledger pauses, and the last one before it.
SELECT key FROM ledger WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND key > :after
ORDER BY key LIMIT 2 OFFSET :rows;

-- name: select_unsettled_horizon
-- The same within one of the outcomes that have an index of their own.
SELECT key FROM ledger
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND key > :after
  AND outcome IN ('Failed', 'Pending', 'Excluded') AND outcome = :outcome
ORDER BY key LIMIT 2 OFFSET :rows;

-- name: select_unsettled
-- A page of the rows that pass a filter, of one of these outcomes.
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger
WHERE binding_id = :binding_id AND key >= :first AND key < :behind AND key > :after
  AND outcome IN ('Failed', 'Pending', 'Excluded') AND outcome = :outcome
  AND (:code::text IS NULL OR split_part(reason, ':', 1) = :code)
  AND (:code_prefix::text IS NULL OR starts_with(reason, :code_prefix))
  AND (:version_below::bigint IS NULL OR (extractor_version < :version_below AND outcome IN ('Indexed', 'Failed')))
ORDER BY key LIMIT :limit;

-- name: is_renamed
-- Whether the file of a row was settled under another key since a time.
SELECT 1 FROM ledger AS former JOIN ledger AS present
    ON present.etag = former.etag AND present.outcome = 'Indexed' AND present.size > 0
WHERE former.binding_id = :binding_id AND former.key = :key AND former.file_id <> ''
  AND present.binding_id = :binding_id AND present.file_id = former.file_id AND present.size = former.size
  AND present.key <> :key AND present.outcome_time >= :since
LIMIT 1;
