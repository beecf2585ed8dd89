"""``bindery copy``: projects, datasets, bindings and labels from one IMM endpoint to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from bindery.cli.client import ApiError
from bindery.cli.copying.endpoints import Endpoint, is_of_one_thing, open_endpoint
from bindery.cli.copying.entries import FIELDS, EntryCopy, Position, check_field
from bindery.cli.copying.report import Report
from bindery.cli.copying.settings import copy_bindings, copy_dataset, copy_project
from bindery.cli.options import FILE, FOLDER
from bindery.cli.output import say
from bindery.cli.progress import progress_shown
from bindery.data_folder import replace_private

_NOT_COPIED = (
    "not copied, for the API has no way to write it: what was extracted (the other end extracts it anew), stories, "
    "clusters, tasks, ledgers, and whatever is beyond IMM (users, keys, policies)"
)
_Values = dict[str, Any]


@click.command()
@click.option("--from-endpoint", required=True, help="Address of the server that is copied from.")
@click.option("--to-endpoint", required=True, help="Address of the server that is copied to.")
@click.option("--from-profile", help="Profile of ~/.aliyun/config.json with the key for --from-endpoint.")
@click.option("--to-profile", help="The same for --to-endpoint.")
@click.option(
    "--from-data", type=FOLDER, help="Data folder of a Bindery at --from-endpoint, for its root key."
)
@click.option("--to-data", type=FOLDER, help="The same for --to-endpoint.")
@click.option("--project", "projects", multiple=True, help="Only this project; may be given several times.")
@click.option(
    "--dataset", "datasets", multiple=True, help="Only datasets of this name; may be given several times."
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    help="Copy this field of entries; CustomId, CustomLabels and Labels unless given.",
)
@click.option("--no-bindings", is_flag=True, help="Bind nothing at the other end.")
@click.option("--no-entries", is_flag=True, help="Copy projects, datasets and bindings only.")
@click.option("--dry-run", is_flag=True, help="Only tell and count what would be done.")
@click.option(
    "--state", type=FILE, help="File that remembers how far the copy is, so that it goes on there."
)
def copy(
    *,
    from_endpoint: str,
    to_endpoint: str,
    from_profile: str | None,
    to_profile: str | None,
    from_data: Path | None,
    to_data: Path | None,
    projects: tuple[str, ...],
    datasets: tuple[str, ...],
    fields: tuple[str, ...],
    no_bindings: bool,
    no_entries: bool,
    dry_run: bool,
    state: Path | None,
) -> None:
    """Copy projects, datasets, bindings and what callers set of entries from one IMM server to another.

    Each may be Bindery's or the vendor's.

    Keys come from BINDERY_FROM_ACCESS_KEY_ID, BINDERY_FROM_ACCESS_KEY_SECRET (and BINDERY_FROM_SECURITY_TOKEN), and
    BINDERY_TO_… for the other end. What is there already as it should be is left alone, so a copy that was ended is
    begun again by the same command; nothing is ever removed.

    \b
    bindery copy --from-endpoint https://imm.cn-hangzhou.aliyuncs.com --to-endpoint http://127.0.0.1:8180 --dry-run
    bindery copy --from-endpoint http://old:8180 --to-endpoint http://new:8180 --project default --state copy.json
    """
    source = open_endpoint("from", from_endpoint, profile=from_profile, data=from_data)
    target = open_endpoint("to", to_endpoint, profile=to_profile, data=to_data)
    if source.endpoint == target.endpoint:
        raise click.UsageError("--from-endpoint and --to-endpoint are the same")
    chosen = tuple(map(check_field, fields)) or FIELDS
    work = _Copy(source, target, Report(dry_run=dry_run), None if dry_run else state)
    found = list(source.items("ListProjects", "Projects"))
    if missing := set(projects) - {project["ProjectName"] for project in found}:
        raise click.ClickException(f"no project {', '.join(sorted(missing))} at {source.endpoint}")
    for project in found:
        if not projects or project["ProjectName"] in projects:
            work.copy_project(project, datasets, None if no_entries else chosen, bind=not no_bindings)
    work.finish(datasets)


class _Copy:
    """The whole way, remembered in a file if there is one."""

    def __init__(self, source: Endpoint, target: Endpoint, report: Report, state: Path | None) -> None:
        self._source, self._target, self._report, self._state = source, target, report, state
        self._position = self._read()
        self._seen: set[str] = set()
        self._is_whole = True
        """Whether every project has told its datasets."""
        self._store()  # what cannot be written is told before anything is copied

    def copy_project(
        self, project: _Values, datasets: tuple[str, ...], fields: tuple[str, ...] | None, *, bind: bool
    ) -> None:
        """With its datasets."""
        name = project["ProjectName"]
        listed: list[_Values] | None = None
        with self._refusals_told(f"project {name}"):
            if copy_project(self._source, self._target, project, self._report):
                listed = list(self._source.items("ListDatasets", "Datasets", ProjectName=name))
        self._is_whole &= listed is not None
        for each in listed or ():
            if not datasets or each["DatasetName"] in datasets:
                self._seen.add(each["DatasetName"])
                names = {"ProjectName": name, "DatasetName": each["DatasetName"]}
                with self._refusals_told(f"dataset {name}/{each['DatasetName']}"):
                    self._copy_dataset(names, fields, bind=bind)

    @contextmanager
    def _refusals_told(self, name: str) -> Iterator[None]:
        """What is refused of one costs no other."""
        try:
            yield
        except ApiError as error:
            if not is_of_one_thing(error):
                raise
            self._report.fail(name, error)

    def _copy_dataset(self, names: _Values, fields: tuple[str, ...] | None, *, bind: bool) -> None:
        name = "/".join(names.values())
        if name in self._position.done or not copy_dataset(self._source, self._target, names, self._report):
            return
        bindings = list(self._source.items("ListBindings", "Bindings", **names))
        if bind:
            exists = not self._report.dry_run or bool(self._target.find("GetDataset", "Dataset", **names))
            copy_bindings(self._target, names, bindings, self._report, exists=exists)
        if fields is not None:
            self._copy_entries(
                names, name, [binding["URI"] for binding in bindings] if bind else [], fields
            )
        self._position.done.append(name)
        self._remember("", "")

    def _copy_entries(self, names: _Values, name: str, bound: list[str], fields: tuple[str, ...]) -> None:
        begin = self._position.after if self._position.dataset == name else ""
        entries = EntryCopy(self._source, self._target, names, bound, fields, self._report)
        with progress_shown() as show:

            def tell(uri: str, done: int, total: int) -> None:
                show(f"entries of {name}", done, max(done, total))
                self._remember(name, uri)

            entries.run(begin, tell)

    def _read(self) -> Position:
        begun = Position(self._source.endpoint, self._target.endpoint, [])
        if self._state is None or not self._state.exists():
            return begun
        if not self._state.is_file():
            raise click.ClickException(f"{self._state} is no file; name another one")
        try:
            found = msgspec.json.decode(self._state.read_bytes(), type=Position)
        except msgspec.DecodeError as error:
            raise click.ClickException(
                f"{self._state} is no state of a copy ({error}); name another file"
            ) from error
        if (found.source, found.target) != (begun.source, begun.target):
            raise click.ClickException(
                f"{self._state} is of a copy between other servers; name another file"
            )
        return found

    def _remember(self, dataset: str, after: str) -> None:
        self._position.dataset, self._position.after = dataset, after
        self._store()

    def _store(self) -> None:
        if self._state is not None:
            replace_private(self._state, msgspec.json.encode(self._position))

    def finish(self, datasets: tuple[str, ...]) -> None:
        """Tell the counts. Exits with 1 when something was refused, or a dataset that was named is nowhere."""
        for name in sorted(set(datasets) - self._seen) if self._is_whole else ():
            self._report.fail(
                f"dataset {name}", click.ClickException(f"there is none at {self._source.endpoint}")
            )
        if self._state is not None:
            self._state.unlink(missing_ok=True)
        for line in self._report.lines():
            say(line)
        say(_NOT_COPIED)
        if self._report.failures:
            say(
                f"{self._report.failures:,} were refused; mend that, and begin the same copy again",
                err=True,
            )
            raise SystemExit(1)
