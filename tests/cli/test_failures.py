"""What goes wrong in any command is one sentence and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.servers.ending import ends_with_us

from bindery.buckets.store import StoreMisconfigured
from bindery.catalog.records import CatalogUnusable
from bindery.cli import status
from bindery.cli.main import main

COMMAND = [sys.executable, "-m", "bindery"]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def serve(*options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "serve", *options], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "203.0.113.7", "--port", "0"], "cannot listen on 203.0.113.7"),
        (["--host", "nohost.invalid", "--port", "0"], "nohost.invalid"),
        (["--host", "ü" * 70, "--port", "0"], "cannot listen on"),
        (["--data", "/proc/foo"], "/proc/foo"),
        (["--data", ""], "it is empty"),
        (["--bucket", "photos=./a", "--bucket", "photos=./b"], "given twice"),
        (["--data", "file/below"], "file"),
        (["--bucket", "A B=./x"], "A B"),
        (["--bucket", "a=./x"], "not a bucket name: 'a'; one has 3 to 63"),
        (["--bucket", "photos=s3://"], "names no bucket"),
        (["--bucket", "photos=ftp://x"], "ftp"),
        (["--config", "missing.toml"], "missing.toml"),
    ],
)
def test_a_start_that_fails_is_told_in_a_sentence(
    tmp_path: Path, options: list[str], sentence: str
) -> None:
    (tmp_path / "file").touch()
    ended = serve(*options, folder=tmp_path)
    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("Error: ")
    assert sentence in ended.stderr


def test_a_port_in_use_names_the_port(tmp_path: Path, taken_port: int) -> None:
    ended = serve("--port", str(taken_port), folder=tmp_path)
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"Error: cannot listen on 127.0.0.1:{taken_port}")
    assert "--port" in last


def test_folders_that_are_not_there_are_told_at_start(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[register]\nfolders = ["/", "/no/such/register"]\n')
    options = ["--port", "0", "--bucket", "photos=/no/such/folder", "--bucket-root", "/no/such/root"]
    options += ["--config", "c.toml"]
    with subprocess.Popen(
        ends_with_us([*COMMAND, "serve", *options]),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("bindery ready ")
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=120)
    assert "/no/such/folder" in log
    assert "/no/such/root" in log
    assert "/no/such/register" in log
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("failure", "code", "sentence"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x"), 1, "make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/data"), 1, "/data: Permission denied"),
        (StoreMisconfigured("no store for that"), 1, "Error: no store for that"),
        (CatalogUnusable("run the newer release"), 1, "Error: run the newer release"),
        (ZeroDivisionError("oh"), 1, "internal error: ZeroDivisionError: oh"),
        (ValueError("\x1b[2J"), 1, "\\x1b[2J"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (RuntimeError("Query interrupted"), 130, ""),
        (MemoryError(), 1, "not enough memory"),
        (click.ClickException("as it is"), 1, "Error: as it is"),
        (
            click.ClickException("./a\x1b]0;x\x07 is no folder\nhere"),
            1,
            "a\\x1b]0;x\\x07 is no folder\nhere",
        ),
        (click.UsageError("no \u202eoption"), 2, "no \\u202eoption"),
    ],
)
def test_every_failure_of_a_command_has_its_sentence_and_code(
    monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int, sentence: str
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(status, "connect", fail)
    ended = CliRunner().invoke(main, ["status"])
    assert ended.exit_code == code
    assert sentence in ended.output
    assert "Traceback" not in ended.output


def test_a_defect_shows_where_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(status, "connect", fail)
    ended = CliRunner().invoke(main, ["status"], env={"BINDERY_DEBUG": "1"})
    assert "Traceback" in ended.output


def test_a_reader_that_goes_away_is_no_failure_to_tell_of(tmp_path: Path) -> None:
    listing = f"{sys.executable} -m bindery --help | head -1"
    ended = subprocess.run(
        ["/bin/sh", "-c", listing], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", [["docs", "operations"], ["docs"], ["fields"], ["completion", "bash"]])
def test_output_that_nobody_reads_ends_a_command_as_sigpipe_does(
    tmp_path: Path, command: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [*COMMAND, *command],
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_ctrl_c_ends_a_command_with_130(tmp_path: Path) -> None:
    """A client that waits for an answer that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"BINDERY_ACCESS_KEY_ID": "a", "BINDERY_ACCESS_KEY_SECRET": "b"}
        with subprocess.Popen(
            [*COMMAND, "status", "--endpoint", endpoint],
            cwd=tmp_path,
            env=os.environ | keys,
            stderr=subprocess.PIPE,
            text=True,
        ) as command:
            asked, _ = silent.accept()
            asked.recv(1)
            command.send_signal(signal.SIGINT)
            _, told = command.communicate(timeout=120)
            asked.close()
    assert command.returncode == 130
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "words",
    [["--\x1b[2J"], ["\x1b[2J"], ["status", "--\x1b[2J"], ["docs", "\x1b[2J"], ["fields", "\x1b[2J"]],
)
def test_words_of_the_command_line_do_not_steer_the_terminal(words: list[str]) -> None:
    ended = CliRunner().invoke(main, words)
    assert ended.exit_code in (1, 2)
    assert "\\x1b" in ended.output
    assert "\x1b" not in ended.output


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["docs operations", "fields", "sql place/place x --csv"])
def test_a_stream_that_is_closed_is_no_defect(tmp_path: Path, closed: str, command: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -m bindery {command} {closed}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == int(command.startswith("sql"))
    assert "internal error" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    lines = (
        "from bindery.cli.failures import told_in_a_sentence",
        "with told_in_a_sentence(), open('made', 'w') as file:",
        "    file.write(str(file.fileno()))",
    )
    command = [sys.executable, "-c", "\n".join(lines)]
    subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command], cwd=tmp_path, timeout=120, check=True
    )
    assert int((tmp_path / "made").read_text()) > 2


def answers(address: Path) -> bool:
    try:
        with urllib.request.urlopen(f"{address.read_text()}/healthz", timeout=120) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_server_without_standard_streams_serves(tmp_path: Path) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--data", str(tmp_path / "data")]
    with subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *ends_with_us(command)], cwd=tmp_path
    ) as server:
        deadline = time.monotonic() + 300
        while not answers(tmp_path / "data" / "server-address"):
            assert server.poll() is None, "it has ended"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=120) == 0
