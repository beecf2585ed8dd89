-- Who may do what: users, keys, groups, roles, policies. Names compare without regard to case.

CREATE TABLE access_version (
    version INTEGER NOT NULL            -- one more with every change of the tables below, but of uses
) STRICT;

INSERT INTO access_version VALUES (0);

CREATE TABLE ram_user (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    body BLOB NOT NULL                  -- JSON of User
) STRICT, WITHOUT ROWID;

CREATE TABLE access_key (
    id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES ram_user (id),  -- NULL for a key of the account itself
    sealed BLOB NOT NULL,
    active INTEGER NOT NULL,
    label TEXT NOT NULL,
    create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX access_key_user ON access_key (user_id);

CREATE TABLE access_key_use (
    key_id TEXT PRIMARY KEY REFERENCES access_key (id) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    service TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_group (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    body BLOB NOT NULL                  -- JSON of Group
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    group_id TEXT NOT NULL REFERENCES user_group (id),
    user_id TEXT NOT NULL REFERENCES ram_user (id),
    join_time INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE role (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    body BLOB NOT NULL                  -- JSON of Role
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    body BLOB NOT NULL,                 -- JSON of Policy
    default_version INTEGER NOT NULL,
    newest_version INTEGER NOT NULL     -- the highest number that was ever given
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_version (
    policy TEXT NOT NULL COLLATE NOCASE REFERENCES policy (name) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    create_time INTEGER NOT NULL,
    PRIMARY KEY (policy, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment (
    kind TEXT NOT NULL,                 -- of the principal: User, Group or Role
    principal_id TEXT NOT NULL,
    type TEXT NOT NULL,                 -- of the policy: System or Custom
    policy TEXT NOT NULL COLLATE NOCASE,
    attach_time INTEGER NOT NULL,
    PRIMARY KEY (kind, principal_id, type, policy)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachment_policy ON attachment (type, policy);
