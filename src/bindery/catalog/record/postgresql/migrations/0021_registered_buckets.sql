-- Buckets that were registered while a server ran. Earlier releases kept them in a file of the data folder.

CREATE TABLE registered_bucket (
    name TEXT COLLATE "C" PRIMARY KEY,
    sealed BYTEA NOT NULL               -- JSON of StoreAddress, with credentials
);
