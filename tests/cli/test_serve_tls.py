"""``bindery serve`` with a certificate of its own: a real process, the official SDK, and the commands."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from alibabacloud_imm20200930 import models as imm
from alibabacloud_imm20200930.client import Client as ImmClient
from alibabacloud_tea_openapi.models import Config
from click.testing import CliRunner
from tests.own_log import own_log
from tests.servers.certificate import make_certificate
from tests.servers.ending import ends_with_us

from bindery.access.keys import read_root_key
from bindery.api.gateway.tls import Certificate
from bindery.cli.main import main

_SECONDS = 60
_SERVE = (sys.executable, "-m", "bindery.cli.main", "serve", "--port", "0", "--data")


class TlsServer:
    """A server in a process, and the files it shows."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "data", folder / "log"
        self.certificate, self.key = make_certificate(folder)
        command = [*_SERVE, str(self.data)]
        command += ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)]
        environment = {n: v for n, v in os.environ.items() if not n.startswith("BINDERY_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ends_with_us(command), stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().removeprefix("bindery ready ").strip()
        self.address = self.url.removeprefix("https://")

    def shown(self) -> str:
        host, _, port = self.address.partition(":")
        return ssl.get_server_certificate((host, int(port)))

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=_SECONDS)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path)
    yield server
    server.close()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.server
def test_the_sdk_and_the_commands_speak_tls(tls: TlsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tls.url.startswith("https://127.0.0.1:")
    assert (tls.data / "server-address").read_text().strip() == tls.url
    root = read_root_key(tls.data)
    assert root is not None
    config = Config(
        access_key_id=root.id, access_key_secret=root.secret, endpoint=tls.address, protocol="https",
        ca=str(tls.certificate),
    )  # fmt: skip
    client = ImmClient(config)
    assert client.create_project(imm.CreateProjectRequest(project_name="tls"))
    for name in ("BINDERY_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    command = ["keys", "list", "--json", "--data", str(tls.data)]
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "BINDERY_CA_CERTIFICATE" in refused.output
    trusted = CliRunner().invoke(main, command, env={"BINDERY_CA_CERTIFICATE": str(tls.certificate)})
    assert json.loads(trusted.stdout)[0]["AccessKeyId"] == root.id


@pytest.mark.server
def test_a_renewed_certificate_counts_and_a_broken_one_does_not(tls: TlsServer, tmp_path: Path) -> None:
    first = tls.shown()
    tls.key.write_text("broken")
    until(lambda: "the old one stays" in tls.log.read_text())
    assert tls.shown() == first
    other = tmp_path / "other"
    other.mkdir()
    for new, place in zip(make_certificate(other), (tls.certificate, tls.key), strict=True):
        shutil.move(new, place)
    until(lambda: tls.shown() == tls.certificate.read_text())
    assert tls.certificate.read_text() != first


def shake_hands(server: ssl.SSLContext, trusted: str) -> None:
    """In memory. Raises SSLError when the certificate is another than ``trusted``, or its key is not its own."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cadata=trusted)
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
                sides.remove(side)


def test_a_broken_pair_is_told_once_and_leaves_the_context_whole(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    first = files[0].read_text()
    certificate = Certificate(*files)
    assert certificate.context.minimum_version == ssl.TLSVersion.TLSv1_2
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(make_certificate(other)[0], files[0])  # its key stays: they do not match
    with own_log() as lines:
        certificate.renew()
        certificate.renew()
    assert [line["log_level"] for line in lines] == ["error"]
    shake_hands(certificate.context, first)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(certificate.context, files[0].read_text())


@pytest.mark.parametrize("case", ["one alone", "missing", "mismatched", "password"])
def test_files_that_cannot_be_used_are_told_at_the_start(case: str, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    options = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    if case == "one alone":
        options = options[:2]
    elif case == "missing":
        key.unlink()
    elif case == "mismatched":
        other = tmp_path / "other"
        other.mkdir()
        shutil.copy(make_certificate(other)[1], key)
    else:
        key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    data = tmp_path / "data"
    # In a process of its own, since a server sets up the log and the umask of its process.
    command = [*_SERVE, str(data), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_SECONDS)
    assert (done.returncode, done.stdout) == (1, "")
    expected = {"one alone": "TLS needs both files", "missing": f"cannot read {key}"}
    assert expected.get(case, "are not a certificate and its key") in done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not data.exists()
