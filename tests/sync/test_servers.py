"""Servers that share a record in PostgreSQL: real ones, which are killed, stopped by SIGSTOP and cut off, and return.

``BINDERY_SHARED_CHANGES`` sets the number of changes (25), ``BINDERY_SEED`` repeats a run.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.conftest import RunningServer
from tests.servers.catalogue import BUCKET, any_picture, differences, folder_versions, wait_until
from tests.servers.fencing import count_commits
from tests.servers.postgresql import Postgresql
from tests.servers.shared import Shared

from bindery.api.gateway.signature import sign_v3

CHANGES = int(os.environ.get("BINDERY_SHARED_CHANGES", "25"))
pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(300 + 8 * CHANGES)]


@pytest.fixture
def share(
    start_server: Callable[..., RunningServer], postgresql: Postgresql, tmp_path: Path
) -> Iterator[Callable[[int], Shared]]:
    made: list[Shared] = []

    def start(count: int) -> Shared:
        shared = Shared(start_server, tmp_path, postgresql.create_schema(f"s{uuid.uuid4().hex}"), count)
        made.append(shared)
        shared.make_dataset("dataset")
        (shared.bucket_root / BUCKET).mkdir()
        return shared

    yield start
    for shared in made:
        shared.close()


def test_any_server_stops_resumes_and_is_told_of_events(share: Callable[[int], Shared]) -> None:
    shared = share(2)
    bucket = shared.bucket_root / BUCKET
    chance = random.Random(1)
    (bucket / "a.gif").write_bytes(any_picture(chance))
    shared.bind()
    shared.wait_equal(lambda: folder_versions(bucket))
    other = 1 - shared.wait_held()
    shared.server = shared.servers[other]
    shared.wait_equal(lambda: folder_versions(bucket))
    shared.server.call("StopBinding", **shared.target, Reason="by the other")
    (bucket / "b.gif").write_bytes(any_picture(chance))
    assert {
        server.call("GetBinding", **shared.target)["Binding"]["State"] for server in shared.servers
    } == {"Stopped"}
    assert shared.holder() is None
    shared.server.call("ResumeBinding", **shared.target)
    shared.wait_equal(lambda: folder_versions(bucket))
    # users and their keys: what one server has removed no other one takes
    shared.server.call("CreateUser", UserName="ann")
    key = shared.server.call("CreateAccessKey", UserName="ann")["AccessKey"]
    for server in shared.servers:
        server.key_id, server.key_secret = key["AccessKeyId"], key["AccessKeySecret"]
    status, _ = shared.servers[0].request("GetBinding", **shared.target)
    assert status == 403
    shared.server = shared.servers[1 - other]


def test_what_a_server_has_is_taken_over_and_it_commits_nothing_when_it_returns(
    share: Callable[[int], Shared],
) -> None:
    """By SIGSTOP and a cut; in full depth also by SIGKILL, and by SIGTERM, which gives all back at once."""
    shared = share(2)
    bucket, chance = shared.bucket_root / BUCKET, random.Random(2)

    def change() -> None:
        (bucket / f"{uuid.UUID(int=chance.getrandbits(128))}.gif").write_bytes(any_picture(chance))

    change()
    shared.bind()
    shared.wait_equal(lambda: folder_versions(bucket))
    ways = (
        (lambda at: shared.servers[at].process.send_signal(signal.SIGSTOP),
         lambda at: shared.servers[at].process.send_signal(signal.SIGCONT)),
        (shared.cut, shared.mend),
        (lambda at: shared.servers[at].kill(), shared.restart),
        (lambda at: shared.servers[at].stop(), shared.restart),
    )  # fmt: skip
    for away, back in ways if CHANGES > 60 else ways[:2]:
        first = shared.wait_held()
        away(first)
        change()
        second = shared.wait_held(but=first)
        shared.server = shared.servers[second]
        shared.wait_equal(lambda: folder_versions(bucket))
        back(first)
        change()
        shared.wait_equal(lambda: folder_versions(bucket))
        shared.server = shared.servers[first]
        wait_until(lambda: shared.server.request("ListProjects")[0] == 200, 60, lambda: "it is away")
        shared.wait_equal(lambda: folder_versions(bucket))
    shared.check_fencing()
    commits, servers = count_commits(shared.url)
    assert commits >= 1 + 2 * (len(ways) if CHANGES > 60 else 2)
    assert servers >= 2


class Recorded:
    """A signed request as somebody on the way has seen it."""

    def __init__(self, shared: Shared, *, form: bool = False) -> None:
        server, names = shared.server, {"ProjectName": shared.names["ProjectName"]}
        fields = urlencode(names).encode() if form else b""
        content = {"content-type": "application/x-www-form-urlencoded"} if form else {}
        query = [] if form else list(names.items())
        self.headers = content | sign_v3(
            "POST", "imm.example", "GetProject", query, server.key_id, server.key_secret,
            version="2020-09-30", body=fields, further=content,
        )  # fmt: skip
        self.target, self.body = "/?" + urlencode(query), fields

    def send(self, server: RunningServer) -> tuple[int, str]:
        """Status, and the code of an error."""
        connection = http.client.HTTPConnection(server.address, timeout=60)
        try:
            connection.request("POST", self.target, body=self.body, headers=self.headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()).get("Code", "")
        finally:
            connection.close()


def test_a_request_is_taken_once_by_all_servers(share: Callable[[int], Shared]) -> None:
    """One after the other, all at once, and after its server has died; also of a user whose key goes meanwhile."""
    shared = share(2)
    first, second = shared.servers
    used = (400, "SignatureNonceUsed")
    for form in (False, True):
        recorded = Recorded(shared, form=form)
        assert recorded.send(first) == (200, "")
        assert recorded.send(second) == used
        assert recorded.send(first) == used
    requests = [Recorded(shared, form=bool(number % 2)) for number in range(24)]
    sendings = [(each, server) for each in requests for server in (first, second, first, second)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda sending: sending[0].send(sending[1]), sendings))
    assert Counter(answers) == {(200, ""): 24, used: 72}
    last = Recorded(shared)
    assert last.send(first) == (200, "")
    first.kill()
    assert last.send(second) == used
    shared.restart(0)
    assert last.send(shared.servers[0]) == used


def test_a_key_that_another_server_has_changed_counts_with_the_next_call(
    share: Callable[[int], Shared],
) -> None:
    shared = share(2)
    first, second = shared.servers
    first.call("CreateUser", UserName="ann")
    key = first.call("CreateAccessKey", UserName="ann")["AccessKey"]
    account = first.call("GetCallerIdentity")["AccountId"]
    policy = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "imm:GetProject", "Resource": f"acs:imm:*:{account}:*"}
        ],
    }
    first.call("CreatePolicy", PolicyName="see", PolicyDocument=json.dumps(policy))
    attached = {"PolicyType": "Custom", "PolicyName": "see", "UserName": "ann"}
    root = shared.server.key_id, shared.server.key_secret

    def ask(server: RunningServer, *, form: bool = False) -> tuple[int, str]:
        shared.server.key_id, shared.server.key_secret = key["AccessKeyId"], key["AccessKeySecret"]
        try:
            return Recorded(shared, form=form).send(server)
        finally:
            shared.server.key_id, shared.server.key_secret = root

    for form in (False, True):
        for server, other in ((first, second), (second, first)):
            assert ask(server, form=form)[0] == 403
            other.call("AttachPolicyToUser", **attached)
            assert ask(server, form=form) == (200, "")
            other.call(
                "UpdateAccessKey", UserName="ann", UserAccessKeyId=key["AccessKeyId"], Status="Inactive"
            )
            assert ask(server, form=form)[1] == "InvalidAccessKeyId.Inactive"
            other.call(
                "UpdateAccessKey", UserName="ann", UserAccessKeyId=key["AccessKeyId"], Status="Active"
            )
            assert ask(server, form=form) == (200, "")
            other.call("DetachPolicyFromUser", **attached)
    first.call("DeleteAccessKey", UserName="ann", UserAccessKeyId=key["AccessKeyId"])
    assert ask(second)[1] == "InvalidAccessKeyId.NotFound"


def test_a_server_that_is_cut_off_lets_nothing_through(share: Callable[[int], Shared]) -> None:
    shared = share(2)
    recorded = Recorded(shared)
    assert recorded.send(shared.servers[0]) == (200, "")
    shared.cut(1)
    for request in (recorded, Recorded(shared), Recorded(shared, form=True)):
        assert request.send(shared.servers[1])[0] == 503
    shared.mend(1)
    wait_until(lambda: shared.servers[1].request("ListProjects")[0] == 200, 60, lambda: "it is away")
    assert recorded.send(shared.servers[1]) == (400, "SignatureNonceUsed")


def test_a_server_that_cannot_see_the_bucket_leaves_the_binding_to_the_others(
    share: Callable[[int], Shared], tmp_path: Path
) -> None:
    """Also when it is the one that is called: the binding does not fail in between. A name that nobody knows does."""
    shared = share(2)
    bucket = shared.bucket_root / BUCKET
    (bucket / "a.gif").write_bytes(any_picture(random.Random(1)))
    sighted, blind = shared.servers[0], shared.restart_elsewhere(1, tmp_path / "other-buckets")
    wait_until(lambda: shared.alive() == [0, 1], 60, shared.alive)
    shared.server = sighted
    shared.bind()
    shared.server = blind
    shared.wait_equal(lambda: folder_versions(bucket))
    for again in range(2):
        blind.call("StopBinding", **shared.target, Reason="by the other")
        (bucket / f"{again}.gif").write_bytes(any_picture(random.Random(again)))
        blind.call("ResumeBinding", **shared.target)
        shared.wait_equal(lambda: folder_versions(bucket))
    assert "the binding cannot go on" not in blind.log.read_text()
    unknown = {**shared.names, "URI": "oss://nobodys-bucket"}
    blind.call("CreateBinding", **unknown)

    def told() -> str:
        state: str = blind.call("GetBinding", **unknown)["Binding"]["State"]
        return state

    wait_until(lambda: told() == "Failed", 120, told)
    file = json.dumps({"URI": f"oss://{BUCKET}/a.gif"})
    status, answer = blind.request("IndexFileMeta", **shared.names, File=file)
    assert (status, answer["Code"]) == (503, "ServiceUnavailable"), answer
    assert "have another server called" in answer["Message"]
    sighted.kill()
    wait_until(lambda: shared.binding()["State"] == "Failed", 120, shared.binding)
    assert "no bucket" in shared.binding()["Reason"], "with nobody to leave it to it says what is missing"


def make_folder(shared: Shared, name: str, files: dict[str, bytes]) -> Path:
    """One that callers may register."""
    made = shared.bucket_root.parent / "registered" / name
    made.mkdir(parents=True)
    for key, content in files.items():
        (made / key).write_bytes(content)
    return made


def test_a_bucket_that_one_server_registers_is_known_to_all(share: Callable[[int], Shared]) -> None:
    shared = share(2)
    first, second = shared.servers
    (shared.bucket_root / BUCKET).rmdir()
    chance = random.Random(3)
    files = {f"{number}.gif": any_picture(chance) for number in range(3)}
    folder, other = make_folder(shared, "one", files), make_folder(shared, "two", files)
    first.call("RegisterBucket", Bucket=BUCKET, Store=str(folder))
    shared.server = second
    shared.bind()
    shared.wait_equal(lambda: folder_versions(folder))
    for server in (first, second):
        status, body = server.request("RegisterBucket", Bucket=BUCKET, Store=str(other))
        assert (status, body["Code"]) == (400, "InvalidArgument"), body
    for server in (second, first):  # whoever is asked, and whoever works on the binding
        server.call("RegisterBucket", Bucket=BUCKET, Store=str(other), Move="true")
        (other / f"{server.process.pid}.gif").write_bytes(any_picture(chance))
        wanted = folder_versions(other)
        shared.wait_equal(lambda wanted=wanted: wanted)
        folder, other = other, folder
        for path in folder.iterdir():
            (other / path.name).write_bytes(path.read_bytes())
    for server in shared.servers:
        server.kill()
    shared.restart(0)
    shared.server = shared.servers[0]
    shared.wait_equal(lambda: folder_versions(folder))


def test_servers_that_register_a_name_at_the_same_time_agree_on_one_store(
    share: Callable[[int], Shared],
) -> None:
    shared = share(2)
    folders = [make_folder(shared, str(number), {}) for number in range(6)]

    def register(number: int) -> int:
        status, body = shared.servers[number % 2].request(
            "RegisterBucket", Bucket="new", Store=str(folders[number])
        )
        assert status == 200 or body["Code"] == "InvalidArgument", body
        return status

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(register, range(6)))
    assert answers.count(200) == 1
    won = answers.index(200)
    assert [register(number) for number in range(6)] == [
        200 if number == won else 400 for number in range(6)
    ]


def test_what_earlier_releases_kept_in_each_data_folder_is_known_to_all(
    share: Callable[[int], Shared], tmp_path: Path
) -> None:
    """Each server has had buckets of its own, one of them under the same name."""
    for number in range(2):
        folders = {
            name: tmp_path / "registered" / name for name in ("common", f"own{number}", f"odd{number}")
        }
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        known = {name: {"bucket": name, "url": f"file://{folder}"} for name, folder in folders.items()}
        known["both"] = {"bucket": "both", "url": known[f"odd{number}"]["url"]}
        data = tmp_path / f"data-{number}"
        data.mkdir()
        (data / "buckets.json").write_text(json.dumps(known))
    shared = share(2)
    for server in shared.servers:
        for name in ("common", "own0", "own1", "both"):
            shared.estimate(server, name)
    assert not list(tmp_path.glob("data-*/buckets.json"))
    kept = [path.parent.name for path in tmp_path.glob("data-*/buckets-not-taken.json")]
    assert kept == ["data-1"], "the first that was started has given the name its meaning"


class Chaos:
    """Changes of a bucket, and of a user's own entry, while servers are harmed and return."""

    def __init__(self, shared: Shared, chance: random.Random) -> None:
        self.shared, self.chance = shared, chance
        self.bucket = shared.bucket_root / BUCKET
        self.away: dict[int, tuple[float, Callable[[], None]]] = {}
        """Until when each server is away, and how it comes back."""
        self.reads = 0

    def run(self, changes: int) -> None:
        for number in range(changes):
            self._return()
            if self.chance.random() < 0.25:
                self._harm()
            self._change()
            self._write_and_read(number)
            time.sleep(self.chance.uniform(0, 0.2))
        while self.away:
            self._return(float("inf"))

    def _harm(self) -> None:
        """One server at least stays."""
        there = [at for at in range(len(self.shared.servers)) if at not in self.away]
        if len(there) < 2:
            return
        at, how = self.chance.choice(there), self.chance.choice(("kill", "stop", "cut"))
        server = self.shared.servers[at]
        if how == "kill":
            server.kill()
            self._leave(at, lambda: self.shared.restart(at))
        elif how == "stop":
            server.process.send_signal(signal.SIGSTOP)
            self._leave(at, lambda: server.process.send_signal(signal.SIGCONT))
        else:
            self.shared.cut(at)
            self._leave(at, lambda: self.shared.mend(at))

    def _leave(self, at: int, back: Callable[[], None]) -> None:
        self.away[at] = (time.monotonic() + self.chance.choice((0.5, 2.0, 9.0)), back)

    def _return(self, now: float | None = None) -> None:
        for at, (until, back) in list(self.away.items()):
            if until <= (time.monotonic() if now is None else now):
                del self.away[at]
                back()

    def _change(self) -> None:
        path = self.bucket / f"{self.chance.randrange(40):02d}.gif"
        if path.exists() and self.chance.random() < 0.3:
            path.unlink()
        else:
            path.write_bytes(any_picture(self.chance))

    def _write_and_read(self, number: int) -> None:
        """What one server has answered that it wrote, another one finds at once."""
        there = [at for at in range(len(self.shared.servers)) if at not in self.away]
        writer, reader = (self.shared.servers[self.chance.choice(there)] for _ in range(2))
        names, label = self.shared.names, {"change": str(number)}
        file = {"URI": "oss://own/file", "CustomLabels": label}
        if self._try(writer, "UpdateFileMeta", **names, File=file) is None:
            return
        query = {"Operation": "eq", "Field": "CustomLabels.change", "Value": str(number)}
        found = self._try(reader, "SimpleQuery", **names, Query=query)
        if found is not None:
            self.reads += 1
            assert [each["URI"] for each in found["Files"]] == ["oss://own/file"], number

    def _try(self, server: RunningServer, action: str, **parameters: Any) -> dict[str, Any] | None:
        """None when a server that has just come back does not reach its record yet."""
        status, body = server.request(action, **parameters)
        assert status in (200, 500, 503), body
        return body if status == 200 else None


def test_the_dataset_is_the_bucket_whatever_happens_to_its_servers(
    share: Callable[[int], Shared], seed: int
) -> None:
    shared = share(3)
    own = shared.bucket_root / "own"
    own.mkdir()
    (own / "file").write_bytes(b"own")
    shared.server.call("IndexFileMeta", **shared.names, File={"URI": "oss://own/file"})
    shared.bind()
    chaos = Chaos(shared, random.Random(seed))
    chaos.run(CHANGES)
    assert chaos.reads >= CHANGES // 3
    wanted = folder_versions(shared.bucket_root / BUCKET)
    for server in shared.servers:
        shared.server = server
        wait_until(lambda: shared.server.request("ListProjects")[0] == 200, 60, lambda: "a server is away")
        wait_until(
            lambda: shared.is_calm() and shared.versions() == wanted,
            150,
            lambda: (shared.binding(), differences(shared.versions(), wanted)),
        )
        books = shared.check_balance()
        assert books["Indexed"] + books["Unchanged"] == len(wanted), books
    task = shared.server.call("AuditBinding", **shared.target)["TaskId"]
    names = {"ProjectName": shared.names["ProjectName"], "TaskType": "BindingAudit", "TaskId": task}
    done = shared.server.wait("GetTask", lambda answer: answer["Status"] != "Running", **names)
    assert done["Status"] == "Succeeded", done
    shared.check_fencing()
    commits, servers = count_commits(shared.url)
    print(f"{commits} commits of {servers} servers, {chaos.reads} reads of what another server had written")
    assert commits >= CHANGES // 10
