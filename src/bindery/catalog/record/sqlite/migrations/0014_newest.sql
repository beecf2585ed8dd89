-- Of each dataset the number of its newest change, which stays when the row of that change goes.

ALTER TABLE dataset ADD COLUMN newest INTEGER NOT NULL DEFAULT 0;

UPDATE dataset SET newest = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'file'), 0);
