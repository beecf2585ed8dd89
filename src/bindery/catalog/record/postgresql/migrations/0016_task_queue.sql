-- What is left to do of tasks. Rows go with the end of their task.

CREATE TABLE task_queue (
    project_name TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,       -- the batch or trigger that it belongs to; empty: a call
    subject TEXT COLLATE "C" NOT NULL,      -- what only one task of the type may work on at a time; empty: anything
    weight BIGINT NOT NULL,                 -- slots of a server that it takes
    due BIGINT NOT NULL,                    -- when it may be taken, while it is leased: when the lease ends
    attempts BIGINT NOT NULL,               -- how often it was taken
    lease_owner TEXT COLLATE "C" NOT NULL,  -- the server that works on it; empty: none
    fence BIGINT NOT NULL,                  -- one more with every lease
    cancel BIGINT NOT NULL,                 -- 1: it is to end
    PRIMARY KEY (project_name, type, id)
);

CREATE INDEX task_queue_order ON task_queue (project_name, parent, due, id, type);

CREATE INDEX task_queue_due ON task_queue (due, type);

CREATE UNIQUE INDEX task_queue_subject ON task_queue (type, subject) WHERE subject <> '';

-- Whose turn it is: a ring of those that have tasks.
CREATE TABLE task_turn (
    project_name TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    is_batch BIGINT NOT NULL,
    turn BIGINT NOT NULL,                   -- the lowest is next
    PRIMARY KEY (project_name, parent)
);

CREATE INDEX task_turn_order ON task_turn (is_batch, turn);
