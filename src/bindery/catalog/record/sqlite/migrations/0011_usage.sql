-- What each project has used on each day.

CREATE TABLE usage (
    day INTEGER NOT NULL,               -- since 1970-01-01, in the account's zone
    project TEXT NOT NULL,              -- its name, which stays when the project goes; empty: of none
    dimension TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (day, project, dimension)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_project ON usage (project, day);
