-- name: newest_dictionary
-- What documents are packed with from now on.
SELECT id, body FROM dictionary ORDER BY made_time DESC LIMIT 1;

-- name: select_dictionary
-- What a document was packed with.
SELECT body FROM dictionary WHERE id = :id;

-- name: insert_dictionary
-- A new one; its number is drawn by the training.
INSERT INTO dictionary (id, body, made_time) VALUES (:id, :body, :now) ON CONFLICT DO NOTHING;

-- name: select_position
-- How far the documents of earlier releases were packed, and up to where there are any.
SELECT position, until FROM packing;

-- name: set_position
-- It went on.
UPDATE packing SET position = :position;

-- name: documents_behind
-- A page of them.
SELECT sequence, document FROM file
WHERE sequence > :after AND sequence <= :until AND document IS NOT NULL ORDER BY sequence LIMIT :limit;

-- name: update_document
-- It is packed; nobody reads anything else than before, so its number stays.
UPDATE file SET document = :document WHERE sequence = :sequence;
