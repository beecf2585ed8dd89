-- Whether an entry was there before its newest change, so that indexes need not look for what they cannot have.

ALTER TABLE file ADD COLUMN is_new INTEGER NOT NULL DEFAULT 0;  -- 1: no row had its URI when it was written
