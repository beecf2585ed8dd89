-- Lists of tasks that many filters choose: indexes that hold what the filters ask for, and the tags by themselves.

-- An index with columns that are computed is not read without its table: they are stored.
CREATE TABLE task_anew (
    project_name TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,          -- 0: it runs
    status TEXT NOT NULL,
    body BLOB NOT NULL,                 -- JSON of Task
    PRIMARY KEY (project_name, type, id)
) STRICT;

INSERT INTO task_anew SELECT project_name, type, id, start_time, end_time, status, CAST(body AS BLOB) FROM task;

DROP TABLE task;

ALTER TABLE task_anew RENAME TO task;

CREATE INDEX task_age ON task (start_time);

CREATE INDEX task_status ON task (status, project_name) WHERE status = 'Running';

CREATE INDEX task_id ON task (project_name, id, type, status, start_time, end_time);

CREATE INDEX task_start ON task (project_name, start_time, id, type, status, end_time);

CREATE INDEX task_end ON task (project_name, end_time, id, type, status, start_time);

CREATE INDEX task_of_status ON task (project_name, status, start_time, id, type, end_time);

CREATE INDEX task_of_type ON task (project_name, type, start_time, id, status, end_time);

-- No earlier release has made tasks with tags.
CREATE TABLE task_tag (
    project_name TEXT NOT NULL,
    tag BLOB NOT NULL,         -- a digest of key and value, which may be long
    start_time INTEGER NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (project_name, tag, start_time, type, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_tag_task ON task_tag (project_name, type, id);
