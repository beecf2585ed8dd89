-- name: select_filtered
SELECT key, etag, size, modified_ns, outcome, reason, attempts, extractor_version, seen_time, outcome_time
FROM ledger
WHERE binding_id = :binding_id AND key > :after
  AND (:first IS NULL OR key >= :first) AND (:behind IS NULL OR key < :behind)
  AND (:outcome IS NULL OR outcome = :outcome)
  AND (:code IS NULL OR substr(reason, 1, instr(reason || ':', ':') - 1) = :code)
  AND (:code_prefix IS NULL OR substr(reason, 1, length(:code_prefix)) = :code_prefix)
  AND (:version_below IS NULL OR (extractor_version < :version_below AND outcome IN ('Indexed', 'Failed')))
ORDER BY key LIMIT :limit;

-- name: mark_row
UPDATE ledger SET etag = '', attempts = 0 WHERE binding_id = ? AND key = ? AND outcome <> 'Deleted';

-- name: walk_files
SELECT uri, document, binding_id FROM file
WHERE dataset_id = :dataset_id AND uri > :after AND (:behind IS NULL OR uri < :behind) AND document IS NOT NULL
ORDER BY uri LIMIT :limit;
