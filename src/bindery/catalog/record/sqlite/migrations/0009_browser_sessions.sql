-- People who are signed in with a browser.

CREATE TABLE browser_session (
    id BLOB PRIMARY KEY,                -- SHA-256 of what the browser shows
    key_id TEXT NOT NULL,               -- the access key that signed in
    holder TEXT NOT NULL,               -- ARN of whose key it is
    create_time INTEGER NOT NULL,
    use_time INTEGER NOT NULL,          -- to the minute or so
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX browser_session_holder ON browser_session (holder, create_time);

CREATE INDEX browser_session_use ON browser_session (use_time);
