"""A user limited to one dataset and a session of a role, by the official SDKs unmodified against a real server.

Each change counts with the next call, also after a restart; a call under way ends as it was decided when it began.
Only time is not waited for: the server's clock is moved, see ``tests/servers/moved_clock.py``.
"""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import urllib.request
import wave
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from alibabacloud_imm20200930 import models as imm_models
from alibabacloud_imm20200930.client import Client as Imm
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions
from tests.servers.catalogue import wait_until
from tests.servers.fake_oss import FakeOss, StoredObject

from bindery.api.gateway.signature import sign_v3

if TYPE_CHECKING:
    from conftest import RunningServer

pytestmark = pytest.mark.server
ram_models = pytest.importorskip("alibabacloud_ram20150501.models")
sts_models = pytest.importorskip("alibabacloud_sts20150401.models")
Ram = pytest.importorskip("alibabacloud_ram20150501.client").Client
Sts = pytest.importorskip("alibabacloud_sts20150401.client").Client

PROJECT, USER, ROLE = "story", "reader", "job"
P = f"acs:imm:*:*:project/{PROJECT}"
INACTIVE, EXPIRED, DENIED = (
    "InvalidAccessKeyId.Inactive",
    "InvalidSecurityToken.Expired",
    "NoPermission",
)
BUSY = "ServiceUnavailable"
"""Of a detection that was allowed, and that a machine with much else to do could not make within 9 s."""
STORE = "oss://tunes?endpoint={}&access_key_id={}&access_key_secret={}"


def document(*statements: tuple[str | list[str], str | list[str]]) -> str:
    allowed = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in statements]
    return json.dumps({"Version": "1", "Statement": allowed})


def tune() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(16_000))
    return content.getvalue()


class Person:
    """Calls IMM with one key; what comes back is the name of what was asked for, or the code of the refusal."""

    def __init__(self, story: Story, credentials: Any) -> None:
        self.key_id, self.secret = credentials.access_key_id, credentials.access_key_secret
        self.token = getattr(credentials, "security_token", None)
        self._story = story

    @property
    def _imm(self) -> Imm:
        return Imm(self._story.config(self.key_id, self.secret, self.token))

    def dataset(self, name: str) -> str:
        def ask() -> str:
            request = imm_models.GetDatasetRequest(project_name=PROJECT, dataset_name=name)
            return str(self._imm.get_dataset(request).body.dataset.dataset_name)

        return self._told(ask)

    def datasets(self) -> list[str]:
        listed = self._imm.list_datasets(imm_models.ListDatasetsRequest(project_name=PROJECT)).body.datasets
        return [each.dataset_name for each in listed or []]

    def duration(self, uri: str) -> str:
        def ask() -> str:
            request = imm_models.DetectMediaMetaRequest(project_name=PROJECT, source_uri=uri)
            answer = self._imm.detect_media_meta_with_options(request, RuntimeOptions(read_timeout=60_000))
            return f"{answer.body.duration} s"

        return self._told(ask)

    def begin(self, address: str) -> socket.socket:
        """GetDataset whose headers are sent, and one byte of two of its body."""
        query = [("ProjectName", PROJECT), ("DatasetName", "mine" if self.token is None else "other")]
        further = {"content-type": "application/x-www-form-urlencoded"}
        if self.token is not None:
            further |= {"x-acs-security-token": self.token, "x-acs-accesskey-id": self.key_id}
        headers = sign_v3(
            "POST", address, "GetDataset", query, self.key_id, self.secret, version="2020-09-30", body=b"a=",
            further=further,
        )  # fmt: skip
        host, _, port = address.partition(":")
        connection = socket.create_connection((host, int(port)), timeout=120)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /?{urlencode(query)} HTTP/1.1\r\n{lines}content-length: 2\r\n\r\n"
        connection.sendall(head.encode() + b"a")
        return connection

    @staticmethod
    def _told(ask: Callable[[], str]) -> str:
        try:
            return ask()
        except AlibabaCloudException as refused:
            return str(refused.code)


class Story:
    """A server whose clock can be moved, and its administrator."""

    def __init__(self, start: Callable[..., RunningServer], folder: Path, oss: FakeOss) -> None:
        self._start, self._folder, self.oss = start, folder, oss
        self.move_clock(-600)
        self.server = self._serve()

    def _serve(self, **where: Path) -> RunningServer:
        store = STORE.format(self.oss.endpoint, self.oss.key_id, self.oss.key_secret)
        return self._start("--bucket", f"tunes={store}", clock=self._folder / "clock", **where)

    def restart(self) -> None:
        """After a kill, in the middle of whatever it does."""
        self.server.kill()
        self.server = self._serve(data=self.server.data, bucket_root=self.server.bucket_root)

    def move_clock(self, seconds: int) -> None:
        """How far the server's clock is ahead of the SDKs': up to 15 minutes are allowed."""
        fresh = self._folder / "clock.new"
        fresh.write_text(str(seconds), "ascii")
        fresh.replace(self._folder / "clock")

    def config(self, key_id: str, secret: str, token: str | None = None) -> Any:
        return Config(
            access_key_id=key_id, access_key_secret=secret, security_token=token, endpoint=self.server.address,
            protocol="http",
        )  # fmt: skip

    def ram(self, action: str, **fields: Any) -> Any:
        """An operation of RAM, by its SDK, with the root key."""
        client = Ram(self.config(self.server.key_id, self.server.key_secret))
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
        return getattr(client, method)(getattr(ram_models, f"{action}Request")(**fields)).body

    def new_key(self) -> Person:
        return Person(self, self.ram("CreateAccessKey", user_name=USER).access_key)

    def switch(self, person: Person, status: str) -> None:
        self.ram("UpdateAccessKey", user_name=USER, user_access_key_id=person.key_id, status=status)

    def assume(self, person: Person, policy: str) -> Person:
        """A session of the shortest duration there is."""
        arn = Sts(self.config(person.key_id, person.secret)).get_caller_identity().body.arn
        request = sts_models.AssumeRoleRequest(
            role_arn=arn.replace(f"user/{USER}", f"role/{ROLE}"),
            role_session_name="story",
            duration_seconds=900,
            policy=policy,
        )
        given = Sts(self.config(person.key_id, person.secret)).assume_role(request)
        return Person(self, given.body.credentials)

    def held_bytes(self) -> float:
        """Of the bodies that are on their way, of callers whose signatures were found right."""
        with urllib.request.urlopen(f"{self.server.endpoint}/metrics", timeout=120) as answer:
            found = re.search(
                r'^bindery_request_bytes\{holder="callers"\} (\S+)', answer.read().decode(), re.MULTILINE
            )
        return 0.0 if found is None else float(found[1])


@pytest.fixture
def story(start_server: Callable[..., RunningServer], tmp_path: Path, fake_oss: FakeOss) -> Story:
    """With a project of two datasets, a user who may do everything with one of them, and a role that he may assume."""
    fake_oss.buckets["tunes"] = {"a.wav": StoredObject(tune())}
    made = Story(start_server, tmp_path, fake_oss)
    made.server.make_dataset(PROJECT, "mine")
    made.server.call("CreateDataset", ProjectName=PROJECT, DatasetName="other")
    made.ram("CreateUser", user_name=USER)
    allowed = document(
        ("imm:*", f"{P}/dataset/mine"),
        ("imm:DetectMediaMeta", P),
        ("oss:GetObject", "acs:oss:*:*:tunes/*"),
    )
    made.ram("CreatePolicy", policy_name=USER, policy_document=allowed)
    made.ram("AttachPolicyToUser", policy_type="Custom", policy_name=USER, user_name=USER)
    made.ram(
        "AttachPolicyToUser",
        policy_type="System",
        policy_name="AliyunSTSAssumeRoleAccess",
        user_name=USER,
    )
    trust = {
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"RAM": [f"acs:ram::1000000000000001:user/{USER}"]},
    }  # fmt: skip
    text = json.dumps({"Version": "1", "Statement": [trust]})
    made.ram("CreateRole", role_name=ROLE, assume_role_policy_document=text)
    made.ram("AttachPolicyToRole", policy_type="System", policy_name="AliyunIMMFullAccess", role_name=ROLE)
    return made


def test_the_story(story: Story) -> None:
    reader = story.new_key()
    assert (reader.dataset("mine"), reader.dataset("other")) == ("mine", DENIED)
    assert reader.datasets() == ["mine"]
    narrowed = story.assume(reader, document((["imm:Get*", "imm:List*"], f"{P}/dataset/other")))
    assert (narrowed.dataset("other"), narrowed.dataset("mine")) == ("other", DENIED)
    assert narrowed.datasets() == ["other"]

    story.restart()
    assert (reader.dataset("mine"), reader.dataset("other")) == ("mine", DENIED)
    assert (narrowed.dataset("other"), narrowed.dataset("mine")) == ("other", DENIED)

    the_token_expires_and_the_key_is_disabled(story, reader, narrowed)
    story.restart()
    assert (reader.dataset("mine"), narrowed.dataset("other")) == (INACTIVE, EXPIRED)

    rotated = story.new_key()
    assert rotated.dataset("mine") == "mine"
    story.ram("DeleteAccessKey", user_name=USER, user_access_key_id=reader.key_id)
    assert (reader.dataset("mine"), rotated.dataset("mine")) == ("InvalidAccessKeyId.NotFound", "mine")
    the_user_is_disabled_and_may_do_less(story, rotated)


def the_token_expires_and_the_key_is_disabled(story: Story, reader: Person, narrowed: Person) -> None:
    """While calls of both are under way, whose signatures were found right before."""
    begun = []
    for count, person in enumerate((reader, narrowed), start=1):
        begun.append(person.begin(story.server.address))
        wait_until(lambda count=count: story.held_bytes() >= 2 * count, 60, story.held_bytes)
    story.switch(reader, "Inactive")
    assert (reader.dataset("mine"), narrowed.dataset("other")) == (INACTIVE, "other")
    story.move_clock(+600)
    assert (reader.dataset("mine"), narrowed.dataset("other")) == (INACTIVE, EXPIRED)
    for connection in begun:
        with connection:
            connection.sendall(b"=")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def the_user_is_disabled_and_may_do_less(story: Story, rotated: Person) -> None:
    """A user is disabled with all his keys; what he waits for is his still."""
    second = story.new_key()
    assert second.dataset("mine") == "mine"
    heard = detected_while(story, rotated, lambda: story.switch(rotated, "Inactive"))
    assert heard in ("1.0 s", BUSY)
    story.switch(second, "Inactive")
    for person in (rotated, second):
        assert person.dataset("mine") == INACTIVE
    story.restart()
    assert second.dataset("mine") == INACTIVE
    story.switch(second, "Active")
    assert second.dataset("mine") == "mine"
    story.ram("DetachPolicyFromUser", policy_type="Custom", policy_name=USER, user_name=USER)
    assert second.dataset("mine") == DENIED


def detected_while(story: Story, person: Person, change: Callable[[], None]) -> str:
    """What a detection tells that begins before a change, and for which the store waits until after it."""
    reached, released = threading.Event(), threading.Event()

    def hold(_method: str, _target: str) -> None:
        reached.set()
        released.wait(60)

    story.oss.refusal = hold
    try:
        with ThreadPoolExecutor(1) as pool:
            begun: Future[str] = pool.submit(person.duration, "oss://tunes/a.wav")
            while not reached.wait(0.05) and not begun.done():
                pass
            change()
            assert person.dataset("mine") == INACTIVE
            released.set()
            return begun.result(60)
    finally:
        released.set()
        story.oss.refusal = lambda _method, _target: None
