"""Projects."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.catalog.record.database import Connection, Database
from bindery.catalog.record.statements import load_statements
from bindery.catalog.record.stored import encode, with_id
from bindery.catalog.record.task_queue import TaskQueue
from bindery.catalog.records import AlreadyExists, LimitExceeded, NotEmpty, NotFound, Project, Statistics

MAX_PROJECTS = 100
"""Projects of an account, the vendor's default."""

_SQL = load_statements("projects")
_project_decoder = msgspec.json.Decoder(Project)


class Projects:
    """Rows of ``project``. Implements ``interface.projects.Projects``."""

    def __init__(self, database: Database, tasks: TaskQueue, most: int = MAX_PROJECTS) -> None:
        self._database = database
        self._tasks = tasks
        self._most = most

    def create(self, project: Project) -> Project:
        """Raises AlreadyExists, LimitExceeded."""
        with self._database.transaction() as connection:
            if connection.execute(_SQL.select_project, {"name": project.name}).fetchone():
                raise AlreadyExists("project")
            if connection.execute(_SQL.count_projects).fetchone()[0] >= self._most:
                raise LimitExceeded("ProjectCount")
            while self._tasks.forget_some(connection, project.name):  # what came while another was deleted
                pass
            made = connection.execute(
                _SQL.insert_project, {"name": project.name, "body": encode(project)}
            ).fetchone()
            return msgspec.structs.replace(project, id=made[0])

    def get(self, name: str, connection: Connection | None = None) -> Project:
        """Raises NotFound."""
        row = (connection or self._database.reader).execute(_SQL.select_project, {"name": name}).fetchone()
        if row is None:
            raise NotFound("project")
        return with_id(_project_decoder, row)

    def update(self, name: str, change: Callable[[Project], Project]) -> Project:
        """Raises NotFound."""
        with self._database.transaction() as connection:
            project = change(self.get(name, connection))
            connection.execute(_SQL.update_project, {"id": project.id, "body": encode(project)})
            return project

    def delete(self, name: str) -> None:
        """Its tasks go first, by pages: who makes a project of this name later shall not see them."""
        with self._database.transaction() as connection:
            self._get_empty(name, connection)
        self._tasks.forget_project(name)
        with self._database.transaction() as connection:
            project = self._get_empty(name, connection)
            connection.execute(_SQL.delete_project, {"id": project.id})

    def _get_empty(self, name: str, connection: Connection) -> Project:
        """Raises NotFound, NotEmpty."""
        project = self.get(name, connection)
        if connection.execute(_SQL.count_datasets, {"project_id": project.id}).fetchone()[0]:
            raise NotEmpty("project", "datasets")
        return project

    def statistics(self, name: str) -> Statistics:
        """Exact counts over all datasets. Raises NotFound."""
        project = self.get(name)
        row = self._database.reader.execute(_SQL.project_statistics, {"id": project.id}).fetchone()
        return Statistics(
            dataset_count=row[0], file_count=row[1], total_file_size=row[2], bind_count=row[3]
        )

    def list(
        self, *, prefix: str = "", tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> list[Project]:
        """Those that carry all of ``tags``, ascending by name."""
        values = {"prefix": prefix, "after": after}
        rows = self._database.reader.execute(_SQL.list_projects, values).fetchall()
        projects = (with_id(_project_decoder, row) for row in rows)
        wanted = [project for project in projects if (tags or {}).items() <= project.tags.items()]
        return wanted[:limit]
