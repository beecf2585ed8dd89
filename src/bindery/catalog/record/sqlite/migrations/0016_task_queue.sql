-- What is left to do of tasks. Rows go with the end of their task.

CREATE TABLE task_queue (
    project_name TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT NOT NULL,               -- the batch or trigger that it belongs to; empty: a call
    subject TEXT NOT NULL,              -- what only one task of the type may work on at a time; empty: anything
    weight INTEGER NOT NULL,            -- slots of a server that it takes
    due INTEGER NOT NULL,               -- when it may be taken, while it is leased: when the lease ends
    attempts INTEGER NOT NULL,          -- how often it was taken
    lease_owner TEXT NOT NULL,          -- the server that works on it; empty: none
    fence INTEGER NOT NULL,             -- one more with every lease
    cancel INTEGER NOT NULL,            -- 1: it is to end
    PRIMARY KEY (project_name, type, id)
) STRICT;

CREATE INDEX task_queue_order ON task_queue (project_name, parent, due, id, type);

CREATE INDEX task_queue_due ON task_queue (due, type);

CREATE UNIQUE INDEX task_queue_subject ON task_queue (type, subject) WHERE subject <> '';

-- Whose turn it is: a ring of those that have tasks.
CREATE TABLE task_turn (
    project_name TEXT NOT NULL,
    parent TEXT NOT NULL,
    is_batch INTEGER NOT NULL,
    turn INTEGER NOT NULL,              -- the lowest is next
    PRIMARY KEY (project_name, parent)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_turn_order ON task_turn (is_batch, turn);
