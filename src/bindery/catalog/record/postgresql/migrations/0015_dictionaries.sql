-- Documents are packed with dictionaries, as they were from the beginning here.

CREATE TABLE dictionary (
    id BIGINT PRIMARY KEY,              -- as each frame names it
    body BYTEA NOT NULL,
    made_time BIGINT NOT NULL
);

CREATE TABLE packing (position BIGINT NOT NULL, until BIGINT NOT NULL);
