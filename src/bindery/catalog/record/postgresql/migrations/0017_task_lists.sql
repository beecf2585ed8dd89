-- Lists of tasks that many filters choose: indexes that hold what the filters ask for, and the tags by themselves.

DROP INDEX task_id;

DROP INDEX task_start;

DROP INDEX task_end;

CREATE INDEX task_id ON task (project_name, id, type, status, start_time, end_time);

CREATE INDEX task_start ON task (project_name, start_time, id, type, status, end_time);

CREATE INDEX task_end ON task (project_name, end_time, id, type, status, start_time);

CREATE INDEX task_of_status ON task (project_name, status, start_time, id, type, end_time);

CREATE INDEX task_of_type ON task (project_name, type, start_time, id, status, end_time);

-- No earlier release has made tasks with tags.
CREATE TABLE task_tag (
    project_name TEXT COLLATE "C" NOT NULL,
    tag BYTEA NOT NULL,        -- a digest of key and value, which may be long
    start_time BIGINT NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (project_name, tag, start_time, type, id)
);

CREATE INDEX task_tag_task ON task_tag (project_name, type, id);

ALTER TABLE task DROP COLUMN tags;
