"""A real S3 on loopback: Ceph's object gateway over one monitor and one OSD that keeps objects in memory.

Everything lives in a temporary folder and ends with the process that started it. Needs Debian's ``radosgw``,
``ceph-mon``, ``ceph-osd`` and ``ceph-common`` (``scripts/install_test_tools.sh``); no root, no ``ceph-mgr``.
The gateway's default APIs include ``notifications``: topics can push to an HTTP endpoint.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from tests.servers.ending import ends_with_us
from tests.servers.ports import free_port

_START_SECONDS = 180.0
_STOP_SECONDS = 1.0
_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "setpriv")

_CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor_port}/0
mon_initial_members = a
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_mon_cluster_mode = crc
ms_mon_service_mode = crc
public_network = 127.0.0.0/8
run_dir = {folder}
admin_socket =
pid_file =
log_file = {folder}/$name.log
keyring = {folder}/keyring
mon_data = {folder}/monitor
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 8589934592
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_max_object_name_len = 2048
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
paxos_propose_interval = 0.01
rgw_rados_pool_pg_num_min = 1
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_run_sync_thread = false
rgw_thread_pool_size = 32
"""


class CephUser:
    """An account of the object gateway."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self.access_key = access_key
        self.secret_key = secret_key


class Ceph:
    """A running cluster. ``with Ceph() as ceph: ceph.client()…``; starts in about a second."""

    def __init__(self) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            raise RuntimeError(f"{', '.join(missing)} not found; run scripts/install_test_tools.sh")
        self.folder = Path(tempfile.mkdtemp(prefix="ceph-"))
        self._fsid = str(uuid.uuid4())
        self._monitor_port, self._port = free_port(), free_port()
        self._environment = {**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.user = CephUser("tester", "a-secret-of-the-tests")
        self.endpoint = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Ceph:
        try:
            self._make_cluster()
            self.user = self.add_user(self.user.access_key, self.user.secret_key)
            self.start_gateway()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the daemons, the gateway first, and remove their folder."""
        for name in ("gateway", "osd", "monitor"):
            self._stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, user: CephUser | None = None, service: str = "s3") -> Any:
        """A boto3 client, of S3 or (for topics) of SNS."""
        user = user or self.user
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="default",
            aws_access_key_id=user.access_key,
            aws_secret_access_key=user.secret_key,
            config=Config(signature_version="s3v4" if service == "s3" else None),
        )

    def create_bucket(self, name: str = "") -> str:
        """A new bucket with a name of its own."""
        name = name or f"bucket-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def store_url(self, bucket: str) -> str:
        """A bucket as the configuration names it, with the keys of its owner."""
        keys = {"access_key_id": self.user.access_key, "secret_access_key": self.user.secret_key}
        return f"s3://{bucket}?{urlencode({'endpoint': self.endpoint, **keys})}"

    def push_events(self, bucket: str, endpoint: str) -> None:
        """Tell an HTTP endpoint of every change of the bucket; a change is answered when it has been told."""
        topic = self.client(service="sns").create_topic(
            Name=f"changes-of-{bucket}", Attributes={"push-endpoint": endpoint}
        )["TopicArn"]
        events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
        self.client().put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "TopicConfigurations": [{"Id": "all", "TopicArn": topic, "Events": events}]
            },
        )

    def stop_events(self, bucket: str) -> None:
        """Tell nobody any more: DELETE of the subresource, an extension that boto3 does not know."""
        url = f"{self.endpoint}/{bucket}?notification"
        request = AWSRequest("DELETE", url)
        S3SigV4Auth(Credentials(self.user.access_key, self.user.secret_key), "s3", "default").add_auth(
            request
        )
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE", headers=dict(request.headers)))

    def add_user(self, access_key: str = "", secret_key: str = "") -> CephUser:
        """A new account, without rights on the buckets of others."""
        name = f"user-{uuid.uuid4().hex[:8]}"
        keys = [f"--access-key={access_key}", f"--secret-key={secret_key}"] if access_key else []
        answer = json.loads(
            self._run("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", *keys)
        )
        return CephUser(answer["keys"][0]["access_key"], answer["keys"][0]["secret_key"])

    def start_gateway(self) -> None:
        """Start the gateway, which answers when this returns."""
        self._start("gateway", "radosgw", "-n", "client.gateway")
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._daemons["gateway"].poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"the gateway did not start:\n{self._output('gateway')}")

    def kill_gateway(self) -> None:
        """End the gateway at once, as a crash would; ``start_gateway`` brings it back at the same address."""
        gateway = self._daemons.pop("gateway")
        gateway.kill()
        gateway.wait()

    def _make_cluster(self) -> None:
        folder = self.folder
        text = _CONFIGURATION.format(
            fsid=self._fsid, monitor_port=self._monitor_port, port=self._port, folder=folder
        )
        (folder / "ceph.conf").write_text(text)
        (folder / "keyring").touch()
        (folder / "osd").mkdir()
        address = f"[v2:127.0.0.1:{self._monitor_port}]"
        monitors = str(folder / "monitors")
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, monitors)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)
        self._start("monitor", "ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd)
        self._run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd)
        self._start("osd", "ceph-osd", "-i", "0")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            check=False,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:3])} failed: {done.stderr}{self._output('monitor')}")
        return done.stdout

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as output:
            self._daemons[name] = subprocess.Popen(
                ends_with_us([*command, "-f"]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _stop(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _output(self, name: str) -> str:
        path = self.folder / f"{name}.out"
        return path.read_text(errors="replace")[-2_000:] if path.exists() else ""
