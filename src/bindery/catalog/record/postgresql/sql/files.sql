-- name: insert_file
-- Write an entry, or leave a row without document; either moves it to a new sequence, which the index follows.
INSERT INTO file (sequence, dataset_id, uri, document, own, text, size, create_time, binding_id, is_new)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT (dataset_id, uri) DO UPDATE
SET sequence = excluded.sequence, document = excluded.document, own = excluded.own, text = excluded.text,
    size = excluded.size, create_time = excluded.create_time, binding_id = excluded.binding_id, is_new = 0;

-- name: draw_numbers
-- Numbers for changes of a dataset, the last of them. The row is locked until the commit.
UPDATE dataset SET newest = newest + :count WHERE id = :id RETURNING newest;

-- name: set_purged
-- Remember up to where they went; an index that is behind it is built anew.
UPDATE dataset SET purged = greatest(purged, :sequence) WHERE id = :dataset_id;

-- name: note_position
-- How far the index of a server has come.
INSERT INTO index_position (server, dataset_id, sequence) SELECT id, :dataset_id, :sequence FROM server WHERE id = :server
ON CONFLICT (dataset_id, server) DO UPDATE SET sequence = excluded.sequence;

-- name: least_position
-- How far the index has come that is the furthest behind, also of servers that were there ten minutes ago.
SELECT coalesce(min(coalesce(p.sequence, 0)), 0) FROM server AS s
LEFT JOIN index_position AS p ON p.server = s.id AND p.dataset_id = :dataset_id
WHERE s.seen > clock_ms() - 600000;
