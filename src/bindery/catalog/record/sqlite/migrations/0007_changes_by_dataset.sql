-- Each dataset's index follows the record by itself.

CREATE INDEX file_order ON file (dataset_id, sequence);

DROP INDEX file_removed;

CREATE INDEX file_removed ON file (dataset_id, sequence) WHERE document IS NULL;

ALTER TABLE dataset ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;  -- removed entries up to this sequence are forgotten

UPDATE dataset SET purged = (SELECT purged FROM follower);
