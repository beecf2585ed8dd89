-- Several servers share the record. Times are of this database's clock.

CREATE FUNCTION clock_ms() RETURNS BIGINT LANGUAGE sql VOLATILE AS
    $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- Servers that use the record, and for a while those that have.
CREATE TABLE server (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,                 -- host and process, for people
    connections TEXT NOT NULL,          -- application_name of its connections
    seen BIGINT NOT NULL,               -- its last heartbeat, in milliseconds
    until BIGINT NOT NULL,              -- what it holds is free from then on; 0: it has left
    taken_up BIGINT NOT NULL DEFAULT 0  -- 1: another one goes on with the explicit indexing that it has left
);

-- What one server alone may work on: a binding, a destination of notifications.
CREATE TABLE lease (
    name TEXT COLLATE "C" PRIMARY KEY,
    server BIGINT,                      -- NULL: free
    fence BIGINT NOT NULL,              -- one more each time it is taken; its holder's transactions compare it
    asked BIGINT NOT NULL DEFAULT 0     -- one more whenever the holder is to look at it anew
);

CREATE INDEX lease_server ON lease (server);

-- How far the index of each server has come where removed entries wait to be forgotten.
CREATE TABLE index_position (
    server BIGINT NOT NULL REFERENCES server (id) ON DELETE CASCADE,
    dataset_id BIGINT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, server)
);
