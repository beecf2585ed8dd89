-- Nonces that any server has taken, so that no other one takes the same request again. A table for each of a few spans of
-- expiry by turns: what has expired goes with TRUNCATE, and nothing is left to vacuum.

CREATE TABLE nonce_span (
    part BIGINT PRIMARY KEY,            -- nonce_{part} holds what expires within the span
    span BIGINT NOT NULL                -- seconds since 1970, in spans of 1024; -1: none
);

INSERT INTO nonce_span SELECT part, -1 FROM generate_series(0, 7) AS part;

CREATE TABLE nonce_0 (
    digest BIGINT PRIMARY KEY,          -- of key and nonce
    batch BIGINT NOT NULL               -- of what was told together, so that it can be told again
) WITH (autovacuum_enabled = false);

CREATE TABLE nonce_1 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_2 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_3 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_4 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_5 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_6 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
CREATE TABLE nonce_7 (LIKE nonce_0 INCLUDING ALL) WITH (autovacuum_enabled = false);
