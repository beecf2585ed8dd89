-- name: bury_entry
-- Keep what a removed entry holds, while entry and ledger row are still there.
INSERT INTO buried
SELECT ledger.binding_id, ledger.key, ledger.etag, ledger.size, ledger.file_id, ledger.extractor_version,
       file.document, file.own, file.text, file.create_time, :now
FROM ledger JOIN file ON file.dataset_id = :dataset_id AND file.uri = :uri
WHERE ledger.binding_id = :binding_id AND ledger.key = :key AND ledger.outcome = 'Indexed'
  AND file.document IS NOT NULL
ON CONFLICT (binding_id, key) DO UPDATE
SET etag = excluded.etag, size = excluded.size, file_id = excluded.file_id,
    extractor_version = excluded.extractor_version, document = excluded.document, own = excluded.own,
    text = excluded.text, create_time = excluded.create_time, buried_time = excluded.buried_time;

-- name: find_live
-- Another object with the same content.
SELECT ledger.key, file.document, file.own, file.text, NULL, ledger.extractor_version
FROM ledger JOIN file ON file.dataset_id = :dataset_id AND file.uri = :bucket_uri || '/' || ledger.key
WHERE ledger.etag = :etag AND ledger.outcome = 'Indexed' AND ledger.size > 0
  AND ledger.binding_id = :binding_id AND ledger.size = :size AND ledger.file_id = :file_id
  AND file.document IS NOT NULL
LIMIT 16;

-- name: find_buried
-- Another object with the same content, removed a while ago.
SELECT key, document, own, text, NULL, extractor_version FROM buried
WHERE etag = :etag AND binding_id = :binding_id AND size = :size AND file_id = :file_id
  AND buried_time > :since
LIMIT 16;

-- name: known_etags
-- Those of the ETags under which any object is known, live or buried.
SELECT sought FROM unnest(:etags_list::text[]) AS sought
WHERE EXISTS (SELECT 1 FROM ledger WHERE etag = sought AND outcome = 'Indexed' AND size > 0)
   OR EXISTS (SELECT 1 FROM buried WHERE etag = sought);

-- name: purge_ledger
-- Ledger rows of objects that were gone at a time or before it.
DELETE FROM ledger WHERE binding_id = :binding_id AND key IN (
    SELECT key FROM ledger
    WHERE binding_id = :binding_id AND outcome = 'Deleted' AND outcome_time <= :before LIMIT :limit
);
