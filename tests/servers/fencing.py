"""Who held which lease when, and who committed under which: written down by PostgreSQL itself, in triggers of a record.

All get numbers of one sequence: a lease when its row is changed, which waits for transactions that hold it; work at the
beginning of its commit. So what a fenced server commits has a number behind the one of the lease that has fenced it.
"""

from __future__ import annotations

import psycopg

_LOG = """
CREATE SEQUENCE fencing_order;
CREATE TABLE fencing_lease (at BIGINT PRIMARY KEY, name TEXT NOT NULL, fence BIGINT, holder TEXT);
CREATE TABLE fencing_commit (
    transaction TEXT, name TEXT, at BIGINT NOT NULL, lease TEXT NOT NULL, holder TEXT NOT NULL,
    PRIMARY KEY (transaction, name)
);
INSERT INTO fencing_lease SELECT nextval('fencing_order'), l.name, fence, connections
FROM lease AS l LEFT JOIN server AS s ON s.id = l.server;

CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fencing_lease VALUES (
        nextval('fencing_order'), coalesce(NEW.name, OLD.name), NEW.fence,
        (SELECT connections FROM server WHERE id = NEW.server)
    );
    RETURN NULL;
END $$;
CREATE TRIGGER note_lease AFTER INSERT OR DELETE OR UPDATE OF server, fence ON lease
FOR EACH ROW EXECUTE FUNCTION note_lease();

CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF coalesce(NEW.binding_id, OLD.binding_id) IS NOT NULL THEN
        INSERT INTO fencing_commit VALUES (
            pg_current_xact_id()::text, 'binding/' || coalesce(NEW.binding_id, OLD.binding_id),
            nextval('fencing_order'), coalesce(current_setting('bindery.lease', true), ''),
            current_setting('application_name')
        ) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT OR UPDATE OR DELETE ON ledger
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_commit();
CREATE CONSTRAINT TRIGGER note_commit AFTER INSERT OR UPDATE ON file
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_commit();
"""
_FENCED = """
SELECT done.name, done.at, done.lease, done.holder, held.fence, held.holder
FROM fencing_commit AS done LEFT JOIN LATERAL (
    SELECT fence, holder FROM fencing_lease AS l WHERE l.name = done.name AND l.at < done.at ORDER BY l.at DESC LIMIT 1
) AS held ON true
WHERE (done.lease, done.holder) IS DISTINCT FROM (done.name || ' ' || held.fence, held.holder)
ORDER BY done.at
"""
"""Work on a binding that is not under its lease, as it was held when the commit began, and by whom."""


def note_commits(url: str) -> None:
    """Begin with it, in the schema of a record that a server has made."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_LOG.encode())


def fenced_commits(url: str) -> list[tuple[object, ...]]:
    """Commits of work on bindings by servers that did not hold them: binding, its number, lease and connections of who
    has committed, fencing number and connections of who held it."""
    with psycopg.connect(url) as connection:
        return connection.execute(_FENCED.encode()).fetchall()


def count_commits(url: str) -> tuple[int, int]:
    """Commits of work on bindings, and how many servers they were of."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT holder) FROM fencing_commit").fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
