-- The record as PostgreSQL first had it; numbers are those of the same tables in SQLite.
-- Texts compare by their UTF-8 bytes, as stores list keys.

-- Of users, groups, roles and policies, whose names compare without regard to case.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

CREATE TABLE project (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    body BYTEA NOT NULL                 -- JSON of Project
);

CREATE TABLE dataset (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES project (id),
    name TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,                -- JSON of Dataset
    file_count BIGINT NOT NULL DEFAULT 0,
    total_size BIGINT NOT NULL DEFAULT 0,
    purged BIGINT NOT NULL DEFAULT 0,   -- removed entries up to this sequence are forgotten
    newest BIGINT NOT NULL DEFAULT 0,   -- number of the newest change; whoever draws one holds the row until he commits
    UNIQUE (project_id, name)
);

-- A deleted binding stays as a row until its ledger is gone; its names are free meanwhile, and so is its dataset, which
-- is why no foreign key leads there.
CREATE TABLE binding (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id BIGINT NOT NULL,
    bucket TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,                -- JSON of Binding: state, reason, cursor, books
    ending TEXT COLLATE "C" NOT NULL DEFAULT ''  -- of a deleted one what goes next: entries, then ledger
);

CREATE UNIQUE INDEX binding_names ON binding (dataset_id, bucket) WHERE ending = '';

CREATE INDEX binding_ending ON binding (id) WHERE ending <> '';

-- One row an entry. Every write moves the row to a new, higher sequence of its dataset, so that the index can follow.
-- A removed entry stays as a row without document until the index has seen it.
CREATE TABLE file (
    sequence BIGINT NOT NULL,
    dataset_id BIGINT NOT NULL REFERENCES dataset (id),
    uri TEXT COLLATE "C" NOT NULL,
    document BYTEA,                     -- JSON of File as clients get it
    own BYTEA,                          -- JSON of the fields the caller set; they win over extracted ones
    text TEXT,                          -- text of a document
    size BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    binding_id BIGINT,
    PRIMARY KEY (dataset_id, uri)
);

CREATE UNIQUE INDEX file_order ON file (dataset_id, sequence);

CREATE INDEX file_removed ON file (dataset_id, sequence) WHERE document IS NULL;

-- Entries that IndexFileMeta or BatchIndexFileMeta asked for: they stay when a binding cleans up behind itself.
CREATE TABLE explicit_file (
    dataset_id BIGINT NOT NULL,
    uri TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (dataset_id, uri)
);

CREATE TABLE ledger (
    binding_id BIGINT NOT NULL REFERENCES binding (id),
    key TEXT COLLATE "C" NOT NULL,
    etag TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    extractor_version BIGINT NOT NULL,
    seen_time BIGINT NOT NULL,
    outcome_time BIGINT NOT NULL,
    file_id TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (binding_id, key)
);

CREATE INDEX ledger_content ON ledger (etag, file_id) WHERE outcome = 'Indexed' AND size > 0;

CREATE INDEX ledger_unsettled ON ledger (binding_id, outcome, key) WHERE outcome IN ('Failed', 'Pending', 'Excluded');

CREATE INDEX ledger_deleted ON ledger (binding_id, outcome_time) WHERE outcome = 'Deleted';

-- What removed entries leave behind for a while.
CREATE TABLE buried (
    binding_id BIGINT NOT NULL REFERENCES binding (id),
    key TEXT COLLATE "C" NOT NULL,
    etag TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    file_id TEXT COLLATE "C" NOT NULL,
    extractor_version BIGINT NOT NULL,
    document BYTEA NOT NULL,
    own BYTEA,
    text TEXT,
    create_time BIGINT NOT NULL,
    buried_time BIGINT NOT NULL,
    PRIMARY KEY (binding_id, key)
);

CREATE INDEX buried_content ON buried (etag, file_id);

CREATE INDEX buried_age ON buried (binding_id, buried_time);

-- Keys that events have named, until each was dealt with.
CREATE TABLE change (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    binding_id BIGINT NOT NULL REFERENCES binding (id) ON DELETE CASCADE,
    key TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,              -- when the first event of it came
    version BIGINT NOT NULL,            -- one more with every event that comes meanwhile
    UNIQUE (binding_id, key)
);

CREATE INDEX change_order ON change (binding_id, sequence);

CREATE TABLE task (
    project_name TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    tags TEXT[] NOT NULL,               -- each a JSON array of key and value
    body BYTEA NOT NULL,                -- JSON of Task
    PRIMARY KEY (project_name, type, id)
);

CREATE INDEX task_age ON task (start_time);

CREATE INDEX task_id ON task (project_name, id);

CREATE INDEX task_start ON task (project_name, start_time, id);

CREATE INDEX task_end ON task (project_name, end_time, id);

CREATE INDEX task_status ON task (status, project_name) WHERE status = 'Running';

-- Which server the record belongs to: the number of the last that took it over. A transaction of another one is refused.
CREATE TABLE holder (number BIGINT NOT NULL);

INSERT INTO holder VALUES (0);

-- What tells this record from every other, for indexes.
CREATE TABLE follower (identity TEXT NOT NULL);

INSERT INTO follower VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Notifications on their way out, and calls of explicit indexing that end with one.
CREATE TABLE outbox (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    made_time BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_time BIGINT NOT NULL
);

CREATE INDEX outbox_due ON outbox (destination, due_time);

CREATE INDEX outbox_age ON outbox (destination, made_time);

CREATE TABLE index_call (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset_id BIGINT NOT NULL REFERENCES dataset (id),
    body BYTEA NOT NULL                 -- JSON of IndexCall, without errors
);

CREATE INDEX index_call_dataset ON index_call (dataset_id);

CREATE TABLE index_call_file (
    dataset_id BIGINT NOT NULL,
    uri TEXT COLLATE "C" NOT NULL,
    call_id BIGINT NOT NULL REFERENCES index_call (id) ON DELETE CASCADE,
    error TEXT,                         -- NULL while it is being indexed, empty when that went well
    PRIMARY KEY (dataset_id, uri, call_id)
);

CREATE INDEX index_call_file_call ON index_call_file (call_id);

-- Who may do what.
CREATE TABLE access_version (
    version BIGINT NOT NULL             -- one more with every change of the tables below, but of uses
);

INSERT INTO access_version VALUES (0);

CREATE TABLE ram_user (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE nocase NOT NULL UNIQUE,
    body BYTEA NOT NULL                 -- JSON of User
);

CREATE TABLE access_key (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" REFERENCES ram_user (id),  -- NULL for a key of the account itself
    sealed BYTEA NOT NULL,
    active BIGINT NOT NULL,
    label TEXT NOT NULL,
    create_time BIGINT NOT NULL
);

CREATE INDEX access_key_user ON access_key (user_id);

CREATE TABLE access_key_use (
    key_id TEXT COLLATE "C" PRIMARY KEY REFERENCES access_key (id) ON DELETE CASCADE,
    time BIGINT NOT NULL,
    service TEXT NOT NULL
);

CREATE TABLE user_group (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE nocase NOT NULL UNIQUE,
    body BYTEA NOT NULL                 -- JSON of Group
);

CREATE TABLE membership (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES user_group (id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES ram_user (id),
    join_time BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE role (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE nocase NOT NULL UNIQUE,
    body BYTEA NOT NULL                 -- JSON of Role
);

CREATE TABLE policy (
    name TEXT COLLATE nocase PRIMARY KEY,
    body BYTEA NOT NULL,                -- JSON of Policy
    default_version BIGINT NOT NULL,
    newest_version BIGINT NOT NULL      -- the highest number that was ever given
);

CREATE TABLE policy_version (
    policy TEXT COLLATE nocase NOT NULL REFERENCES policy (name) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    document TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    PRIMARY KEY (policy, number)
);

CREATE TABLE attachment (
    kind TEXT COLLATE "C" NOT NULL,     -- of the principal: User, Group or Role
    principal_id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,     -- of the policy: System or Custom
    policy TEXT COLLATE nocase NOT NULL,
    attach_time BIGINT NOT NULL,
    PRIMARY KEY (kind, principal_id, type, policy)
);

CREATE INDEX attachment_policy ON attachment (type, policy);

-- People who are signed in with a browser.
CREATE TABLE browser_session (
    id BYTEA PRIMARY KEY,               -- SHA-256 of what the browser shows
    key_id TEXT COLLATE "C" NOT NULL,   -- the access key that signed in
    holder TEXT COLLATE "C" NOT NULL,   -- ARN of whose key it is
    create_time BIGINT NOT NULL,
    use_time BIGINT NOT NULL,           -- to the minute or so
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);

CREATE INDEX browser_session_holder ON browser_session (holder, create_time);

CREATE INDEX browser_session_use ON browser_session (use_time);

-- What each project has used on each day.
CREATE TABLE usage (
    day BIGINT NOT NULL,                -- since 1970-01-01, in the account's zone
    project TEXT COLLATE "C" NOT NULL,  -- its name, which stays when the project goes; empty: of none
    dimension TEXT COLLATE "C" NOT NULL,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (day, project, dimension)
);

CREATE INDEX usage_project ON usage (project, day);

-- Searches of a dataset that somebody has given a name.
CREATE TABLE saved_search (
    dataset_id BIGINT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    owner TEXT COLLATE "C" NOT NULL,    -- id of the account, user or role, which no other ever has
    name TEXT COLLATE "C" NOT NULL,
    expression TEXT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (dataset_id, owner, name)
);

CREATE INDEX saved_search_owner ON saved_search (owner);

CREATE FUNCTION forget_saved_searches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM saved_search WHERE owner = OLD.id;
    RETURN OLD;
END $$;

CREATE TRIGGER user_searches AFTER DELETE ON ram_user FOR EACH ROW EXECUTE FUNCTION forget_saved_searches();

CREATE TRIGGER role_searches AFTER DELETE ON role FOR EACH ROW EXECUTE FUNCTION forget_saved_searches();
