"""``bindery ledger``, ``bindery audit`` and ``bindery confirm`` on a real server, with their exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import pytest
from click.testing import CliRunner, Result

from bindery.cli.audit import sample_lines
from bindery.cli.ledger import retry_rows
from bindery.cli.main import main
from bindery.cli.output import say


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One that finds by no listing of its own what an audit is to find."""
    file = tmp_path_factory.mktemp("configuration") / "bindery.toml"
    file.write_text("[sync]\nfolder_reconcile_interval = 86400\n")
    return start_server("--config", str(file))


class Bound(NamedTuple):
    """A bucket of its own, bound on the server."""

    server: Any
    bucket: str
    project: str

    @property
    def target(self) -> dict[str, str]:
        return {"ProjectName": self.project, "DatasetName": "files", "URI": f"oss://{self.bucket}"}

    def run(self, command: str, *words: str) -> Result:
        environment = {
            "BINDERY_ENDPOINT": self.server.endpoint,
            "BINDERY_ACCESS_KEY_ID": self.server.key_id,
            "BINDERY_ACCESS_KEY_SECRET": self.server.key_secret,
            "BINDERY_PROJECT": self.project,
            "BINDERY_DATASET": "files",
            "COLUMNS": "250",
        }
        return CliRunner().invoke(main, [command, *words], env=environment)

    def write(self, key: str, content: bytes) -> None:
        (self.server.bucket_root / self.bucket / key).write_bytes(content)


@pytest.fixture
def bound(server: Any, new_name: Callable[[str], str]) -> Bound:
    made = Bound(server, new_name("bucket"), new_name("project"))
    (server.bucket_root / made.bucket).mkdir()
    for number in range(3):
        made.write(f"{number}.txt", b"text")
    made.write("broken.jpg", b"\xff\xd8\xff\xe0 broken")
    server.make_dataset(made.project, "files")
    server.call("CreateBinding", **made.target)
    server.wait("GetBinding", lambda body: body["Binding"]["Phase"] == "IncrementalScanning", **made.target)
    return made


pytestmark = pytest.mark.server


def test_the_audit_says_whether_they_are_equal(bound: Bound) -> None:
    done = bound.run("audit", bound.bucket, "--json")
    assert done.exit_code == 0, done.output
    (report,) = json.loads(done.stdout)
    assert (report["Equal"], report["Listed"], report["Matching"]) == (True, 4, 4)
    bound.server.call(
        "DeleteFileMeta",
        ProjectName=bound.project,
        DatasetName="files",
        URI=f"oss://{bound.bucket}/1.txt",
    )
    done = bound.run("audit")
    assert done.exit_code == 1
    assert f"missing: oss://{bound.bucket}/1.txt" in done.stdout
    done = bound.run("audit", f"oss://{bound.bucket}", "--repair", "--json")
    assert done.exit_code == 0, done.output
    (report,) = json.loads(done.stdout)
    assert (report["Equal"], report["MissingKeys"], report["Repaired"]) == (True, ["1.txt"], 1)
    assert bound.run("audit", bound.bucket).exit_code == 0


def test_the_audit_of_what_is_not_bound(bound: Bound) -> None:
    done = bound.run("audit", bound.bucket, "nothing-of-that-name")
    assert done.exit_code == 1
    assert "no binding of oss://nothing-of-that-name" in done.output


def test_names_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report = {"URI": "oss://b", "MissingKeys": ["a\x1b[2Jb", "é"]}
    for line in sample_lines([report]):
        say(line)
    assert capsys.readouterr().out == "missing: oss://b/a\\x1b[2Jb\nmissing: oss://b/é\n"


def test_the_ledger_by_outcome_and_another_try(bound: Bound) -> None:
    done = bound.run("ledger", bound.bucket, "--json", "--limit", "2")
    assert [json.loads(line)["Key"] for line in done.stdout.splitlines()] == ["0.txt", "1.txt"]
    table = bound.run("ledger", bound.bucket, "--outcome", "failed").stdout
    assert "broken.jpg" in table
    assert "0.txt" not in table
    assert "no such rows" in bound.run("ledger", bound.bucket, "--older-extractor").stdout
    done = bound.run("ledger", bound.bucket, "--prefix", "0", "--retry")
    assert "1 objects are extracted again" in done.stdout
    bound.server.wait(
        "ListLedgerEntries",
        lambda body: body["LedgerEntries"][0]["ETag"] and body["LedgerEntries"][0]["Attempts"] == 1,
        **bound.target,
        Prefix="0",
    )
    assert bound.run("ledger", bound.bucket, "--retry").exit_code == 1


def test_a_retry_that_takes_long_is_waited_for() -> None:
    class Slow:
        """A server that chooses rows for a while."""

        tasks: ClassVar = [
            {"Status": "Running"},
            {"Status": "Running", "Result": '{"Count":3000}'},
            {"Status": "Succeeded", "Result": '{"Count":5000}'},
        ]

        def call(self, action: str, **parameters: Any) -> dict[str, Any]:
            if action == "RetryLedgerEntries":
                return {"TaskId": "t"}
            assert (action, parameters["TaskType"], parameters["TaskId"]) == ("GetTask", "LedgerRetry", "t")
            return self.tasks.pop(0)

    assert retry_rows(Slow(), {"ProjectName": "p", "Outcome": "Failed"}) == 5_000  # type: ignore[arg-type]


def test_a_confirmation(bound: Bound) -> None:
    """All files of a folder are gone: that may be a disk that is not mounted, so it needs a word."""
    done = bound.run("confirm", bound.bucket)
    assert done.exit_code == 1
    assert "holds back no removals" in done.output
    bound.server.call("StopBinding", **bound.target)
    for path in (bound.server.bucket_root / bound.bucket).iterdir():
        path.unlink()
    bound.server.call("ResumeBinding", **bound.target)
    body = bound.server.wait(
        "GetBinding", lambda body: body["Binding"]["Progress"]["HeldBack"], **bound.target
    )
    assert "bindery confirm" in body["Binding"]["Reason"]
    done = bound.run("confirm", bound.bucket)
    assert (done.exit_code, "4 removals confirmed" in done.stdout) == (0, True)
    bound.server.wait(
        "SimpleQuery",
        lambda body: body["TotalHits"] == 0,
        ProjectName=bound.project,
        DatasetName="files",
    )
