"""A real server is killed at random moments of scans, bursts, starts, audits and retries, and loses nothing.

``BINDERY_KILLS`` sets how often each of the large tests kills (10; half of that in a scan with the record in
PostgreSQL), ``BINDERY_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers.catalogue import (
    BUCKET,
    Catalogue,
    PostgresqlCatalogue,
    any_picture,
    check_log,
    folder_versions,
    wait_until,
)
from tests.servers.fencing import count_commits, fenced_commits, note_commits
from tests.servers.postgresql import Postgresql
from tests.servers.ray import Process, RayCluster, living, on_ray

KILLS = int(os.environ.get("BINDERY_KILLS", "10"))
KILLS_OF_A_FOLDER = 12
"""So often one data folder is killed before the next begins, with its first start and migrations."""
FOLDERS = [f"{letter}/" for letter in "abcdefgh"]
START_SECONDS = 0.9
"""About as long as a start takes, until bindings are at work again."""

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(300 + 30 * KILLS)]


@pytest.fixture
def chance(seed: int) -> random.Random:
    return random.Random(seed)


SETTINGS = "[sync]\nsettle_time = 0.05\nguard_count = 1000\n[extraction]\nworkers = 1\n"
"""What is removed while no server runs is not to be held back here."""

MakeCatalogue = Callable[..., Catalogue]
"""Over an empty record, with a data folder of this name; and perhaps other settings."""


@pytest.fixture
def in_sqlite(start_server: Callable[..., Any], tmp_path: Path) -> MakeCatalogue:
    def make(name: str, settings: str = SETTINGS) -> Catalogue:
        config = tmp_path / "bindery.toml"
        config.write_text(settings)
        return Catalogue(start_server, tmp_path / name, tmp_path / "buckets", f"--config={config}")

    return make


@pytest.fixture
def in_postgresql(
    start_server: Callable[..., Any], tmp_path: Path, postgresql: Postgresql
) -> Iterator[Callable[..., PostgresqlCatalogue]]:
    made: list[PostgresqlCatalogue] = []

    def make(name: str, settings: str = SETTINGS) -> PostgresqlCatalogue:
        url = postgresql.create_schema(f"k{uuid.uuid4().hex}")
        catalogue = PostgresqlCatalogue(start_server, tmp_path / name, tmp_path / "buckets", url, settings)
        made.append(catalogue)
        return catalogue

    yield make
    for catalogue in made:
        catalogue.close()


def fill(bucket: Path, chance: random.Random, files: int) -> None:
    for number in range(files):
        path = bucket / FOLDERS[number % len(FOLDERS)] / f"{number:03d}.gif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(any_picture(chance))


def wait_for_a_moment(catalogue: Catalogue, chance: random.Random, longest: float) -> None:
    """Any time up to ``longest`` seconds; every third one in the middle of a commit, when there is one."""
    end = time.monotonic() + chance.uniform(0.0, longest)
    if chance.random() < 2 / 3 or catalogue.written() is None:
        time.sleep(end - time.monotonic())
        return
    for _ in range(chance.randrange(1, 4)):
        before = catalogue.written()
        while time.monotonic() < end and catalogue.written() == before:
            time.sleep(0.0005)
    time.sleep(chance.uniform(0.0, 0.003))


def kill_starts(catalogue: Catalogue, chance: random.Random) -> None:
    """Perhaps the next server is killed in its start as well, and perhaps the one after it."""
    while chance.random() < 0.6:
        catalogue.start_doomed(chance.uniform(0.0, START_SECONDS + 0.4))


def kill_first_starts(catalogue: Catalogue, chance: random.Random) -> None:
    """Kill servers over an empty data folder, while they make the record."""
    record = catalogue.data / "catalog.db"
    catalogue.start_doomed(10.0, record.exists)
    for _ in range(2):
        shutil.rmtree(catalogue.data)
        catalogue.start_doomed(10.0, soon_after(record.exists, chance.uniform(0.0, 0.05)))


def kill_first_starts_in_postgresql(catalogue: PostgresqlCatalogue, chance: random.Random) -> None:
    """Before it has tables, and soon after."""
    catalogue.start_doomed(chance.uniform(0.3, START_SECONDS))
    catalogue.start_doomed(60.0, soon_after(catalogue.is_made, chance.uniform(0.0, 0.05)))


def soon_after(event: Callable[[], bool], seconds: float) -> Callable[[], bool]:
    """True so long after the event was first seen."""
    seen: list[float] = []

    def is_time() -> bool:
        if not seen and event():
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() > seen[0] + seconds

    return is_time


def test_kills_during_a_full_scan_lose_nothing(
    tmp_path: Path, chance: random.Random, in_sqlite: MakeCatalogue
) -> None:
    def make(name: str) -> Catalogue:
        catalogue = in_sqlite(name)
        if name == "data-0":
            kill_first_starts(catalogue, chance)
        return catalogue

    kill_in_scans(tmp_path / "buckets" / BUCKET, chance, make, KILLS)


def test_kills_during_a_full_scan_lose_nothing_of_a_record_in_postgresql(
    tmp_path: Path, chance: random.Random, in_postgresql: Callable[..., PostgresqlCatalogue]
) -> None:
    def make(name: str) -> Catalogue:
        catalogue = in_postgresql(name)
        kill_first_starts_in_postgresql(catalogue, chance)
        return catalogue

    kill_in_scans(tmp_path / "buckets" / BUCKET, chance, make, max(5, KILLS // 2))


def kill_in_scans(bucket: Path, chance: random.Random, make: MakeCatalogue, most: int) -> None:
    fill(bucket, chance, 320)
    wanted = folder_versions(bucket)
    kills = 0
    while kills < most:
        catalogue = make(f"data-{kills}")
        catalogue.start()
        for number in range(KILLS_OF_A_FOLDER):
            if kills + catalogue.kills >= most:
                break
            catalogue.make_dataset(f"dataset-{number}")
            # several ranges are several commits, each with its cursor
            catalogue.bind(Scope={"Prefixes": FOLDERS} if number % 2 else None)
            made = catalogue.binding()["CreateTime"]
            wait_for_a_moment(catalogue, chance, 0.7)
            catalogue.kill()
            kill_starts(catalogue, chance)
            catalogue.start()
            catalogue.check_balance()
            binding = catalogue.binding()
            assert binding["State"] in ("Ready", "Running")
            assert binding["CreateTime"] == binding["UpdateTime"] == made
            catalogue.wait_equal(lambda: wanted)
            catalogue.server.call("DeleteBinding", **catalogue.target)
        catalogue.server.kill()
        check_log(catalogue)
        kills += catalogue.kills


def test_kills_during_a_burst_of_changes_lose_nothing(
    tmp_path: Path, chance: random.Random, in_sqlite: MakeCatalogue
) -> None:
    kill_in_bursts(tmp_path / "buckets" / BUCKET, chance, in_sqlite, KILLS)


def test_kills_lose_nothing_of_a_record_in_postgresql(
    tmp_path: Path, chance: random.Random, in_postgresql: Callable[..., PostgresqlCatalogue]
) -> None:
    made: list[PostgresqlCatalogue] = []

    def make(name: str) -> Catalogue:
        catalogue = in_postgresql(name)
        catalogue.start()
        note_commits(catalogue.url)
        catalogue.kill()
        made.append(catalogue)
        return catalogue

    kill_in_bursts(tmp_path / "buckets" / BUCKET, chance, make, KILLS)
    for catalogue in made:
        assert fenced_commits(catalogue.url) == []
        assert count_commits(catalogue.url)[0] > 0


@on_ray
@pytest.mark.parametrize("record", ["in_sqlite", "in_postgresql"])
def test_kills_lose_nothing_and_leave_no_workers_on_ray(
    record: str,
    tmp_path: Path,
    chance: random.Random,
    ray_cluster: RayCluster,
    request: pytest.FixtureRequest,
) -> None:
    settings = (
        f'{SETTINGS}pool = "ray"\n[ray]\naddress = "{ray_cluster.address}"\n'
        f'folders = ["{tmp_path / "buckets"}"]\n'
    )
    before, seen = ray_cluster.workers(), set[Process]()

    def make(name: str) -> Catalogue:
        catalogue: Catalogue = request.getfixturevalue(record)(name, settings)
        catalogue.environment = ray_cluster.environment
        return catalogue

    kill_in_bursts(
        tmp_path / "buckets" / BUCKET,
        chance,
        make,
        max(2, KILLS // 5),
        before_each=lambda: seen.update(ray_cluster.workers() - before),
    )
    assert len(seen) >= 2  # an actor, and a process below it
    wait_until(lambda: not ray_cluster.workers() - before, 120, lambda: ray_cluster.workers() - before)
    wait_until(lambda: not living(seen), 120, lambda: living(seen))


def kill_in_bursts(
    bucket: Path,
    chance: random.Random,
    make: MakeCatalogue,
    most: int,
    *,
    before_each: Callable[[], object] = lambda: None,
) -> None:
    fill(bucket, chance, 200)
    kills = 0
    while kills < most:
        catalogue = make(f"data-{kills}")
        catalogue.start()
        catalogue.make_dataset("dataset")
        catalogue.bind()
        catalogue.wait_equal(lambda: folder_versions(bucket))
        while catalogue.kills < KILLS_OF_A_FOLDER and kills + catalogue.kills < most:
            with FolderWriter(bucket, chance.randrange(2**32)):
                wait_for_a_moment(catalogue, chance, 1.0)
                before_each()
                catalogue.kill()
                kill_starts(catalogue, chance)
                catalogue.start()
                catalogue.check_balance()
                time.sleep(chance.uniform(0.0, 0.2))
            catalogue.wait_equal(lambda: folder_versions(bucket))
        catalogue.server.kill()
        check_log(catalogue)
        kills += catalogue.kills


class FolderWriter(threading.Thread):
    """Adds, overwrites, renames and deletes files, and moves folders, until the block ends."""

    def __init__(self, bucket: Path, seed: int) -> None:
        super().__init__()
        self._bucket, self._chance = bucket, random.Random(seed)
        self._keys = list(folder_versions(bucket))
        self._ended = threading.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> FolderWriter:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        assert self._failure is None, self._failure

    def run(self) -> None:
        chance = self._chance
        try:
            while not self._ended.is_set():
                for _ in range(chance.randrange(1, 30)):
                    self._change()
                self._ended.wait(chance.choice((0.003, 0.05, 0.1)))
        except BaseException as error:
            self._failure = error

    def _change(self) -> None:
        kind = self._chance.random()
        if kind < 0.3 or len(self._keys) < 100:
            self._new_place().write_bytes(any_picture(self._chance))
        elif kind < 0.5:
            self._overwrite(self._bucket / self._chance.choice(self._keys))
        elif kind < 0.7:
            self._take_any().replace(self._new_place())
        elif kind < 0.98:
            self._take_any().unlink()
        else:
            self._move_folder()

    def _take_any(self) -> Path:
        """A file that will be gone from its place."""
        position = self._chance.randrange(len(self._keys))
        self._keys[position], self._keys[-1] = self._keys[-1], self._keys[position]
        return self._bucket / self._keys.pop()

    def _new_place(self) -> Path:
        """A place for a file, taken or not."""
        folder = self._chance.choice(FOLDERS) + self._chance.choice(("", "deep/", "deep/down/"))
        (self._bucket / folder).mkdir(parents=True, exist_ok=True)
        key = f"{folder}{self._chance.randrange(60):03d}.gif"
        if key not in self._keys:
            self._keys.append(key)
        return self._bucket / key

    def _overwrite(self, path: Path) -> None:
        """In place, or beside it and then moved over it."""
        content = any_picture(self._chance)
        if self._chance.random() < 0.5:
            path.write_bytes(content)
        else:
            beside = path.with_name(path.name + ".part")
            beside.write_bytes(content)
            beside.replace(path)

    def _move_folder(self) -> None:
        source = self._bucket / self._chance.choice(FOLDERS) / "deep"
        target = self._bucket / self._chance.choice(FOLDERS) / "deep"
        if source.is_dir() and not target.exists():
            target.parent.mkdir(exist_ok=True)
            source.rename(target)
            self._keys = list(folder_versions(self._bucket))
