-- Searches of a dataset that somebody has given a name.

CREATE TABLE saved_search (
    dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    owner TEXT NOT NULL,                -- id of the account, user or role, which no other ever has
    name TEXT NOT NULL,
    expression TEXT NOT NULL,
    update_time INTEGER NOT NULL,
    PRIMARY KEY (dataset_id, owner, name)
) STRICT, WITHOUT ROWID;
