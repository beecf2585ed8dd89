-- What the index needs to tell whether it still belongs to this record, and tasks by age.

CREATE TABLE follower (
    identity TEXT NOT NULL,             -- random; an index of another record is built anew
    purged INTEGER NOT NULL             -- removed entries up to this sequence are forgotten
) STRICT;

INSERT INTO follower VALUES (lower(hex(randomblob(16))), 0);

CREATE INDEX task_age ON task (start_time);
