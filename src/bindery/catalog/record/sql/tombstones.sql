-- name: bury_entry
-- Keep what a removed entry holds, while entry and ledger row are still there.
INSERT OR REPLACE INTO buried
SELECT ledger.binding_id, ledger.key, ledger.etag, ledger.size, ledger.file_id, ledger.extractor_version,
       file.document, file.own, file.text, file.create_time, :now
FROM ledger CROSS JOIN file ON file.dataset_id = :dataset_id AND file.uri = :uri
WHERE ledger.binding_id = :binding_id AND ledger.key = :key AND ledger.outcome = 'Indexed'
  AND file.document IS NOT NULL;

-- name: has_entry
-- Whether the URI has an entry, which nothing may overwrite.
SELECT 1 FROM file WHERE dataset_id = :dataset_id AND uri = :uri AND document IS NOT NULL;

-- name: find_version
-- The same version of the same key, removed a while ago.
SELECT key, document, own, text, create_time, extractor_version FROM buried
WHERE binding_id = :binding_id AND key = :key AND etag = :etag AND size = :size AND buried_time > :since;

-- name: find_live
-- Another object with the same content.
SELECT ledger.key, file.document, file.own, file.text, NULL, ledger.extractor_version
FROM ledger INDEXED BY ledger_content CROSS JOIN file
    ON file.dataset_id = :dataset_id AND file.uri = :bucket_uri || '/' || ledger.key
WHERE ledger.etag = :etag AND ledger.outcome = 'Indexed' AND ledger.size > 0
  AND ledger.binding_id = :binding_id AND ledger.size = :size AND ledger.file_id = :file_id
  AND file.document IS NOT NULL
LIMIT 16;

-- name: find_buried
-- Another object with the same content, removed a while ago.
SELECT key, document, own, text, NULL, extractor_version FROM buried INDEXED BY buried_content
WHERE etag = :etag AND binding_id = :binding_id AND size = :size AND file_id = :file_id
  AND buried_time > :since
LIMIT 16;

-- name: known_etags
-- Those of the ETags (a JSON array) under which any object is known, live or buried.
SELECT sought.value FROM json_each(:etags) AS sought
WHERE EXISTS (SELECT 1 FROM ledger INDEXED BY ledger_content
              WHERE etag = sought.value AND outcome = 'Indexed' AND size > 0)
   OR EXISTS (SELECT 1 FROM buried INDEXED BY buried_content WHERE etag = sought.value);

-- name: purge_buried
-- Some that were removed at a time or before it.
DELETE FROM buried WHERE binding_id = :binding_id AND key IN
    (SELECT key FROM buried WHERE binding_id = :binding_id AND buried_time <= :before LIMIT :limit);

-- name: purge_ledger
-- Ledger rows of objects that were gone at a time or before it.
DELETE FROM ledger WHERE binding_id = :binding_id AND key IN (
    SELECT key FROM ledger INDEXED BY ledger_deleted
    WHERE binding_id = :binding_id AND outcome = 'Deleted' AND outcome_time <= :before LIMIT :limit
);
