"""STS by its official SDK, and credentials by the vendor's library: unmodified but for the endpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_credentials.provider import RamRoleArnCredentialsProvider
from alibabacloud_imm20200930 import models as imm
from alibabacloud_imm20200930.client import Client as ImmClient
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from tests.servers.certificate import make_certificate
from tests.servers.ending import ends_with_us

if TYPE_CHECKING:
    from conftest import RunningServer

pytestmark = pytest.mark.server
ACCOUNT = "1000000000000001"
STYLES = pytest.mark.parametrize("style", [None, "v2"], ids=["V3", "V1"])
Key = tuple[str, str]


def config(server: RunningServer, key: Key, **settings: Any) -> Config:
    if server.certificate is not None:
        settings |= {"protocol": "https", "ca": server.certificate}
    known = {"endpoint": server.address, "protocol": "http"}
    return Config(access_key_id=key[0], access_key_secret=key[1], **known | settings)


def policy(action: str, resource: str) -> str:
    """Without blanks: the vendor's credential library signs those otherwise than its own pages say."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "1", "Statement": [statement]}, separators=(",", ":"))


class Story:
    """A server with two projects, Alice who may assume the role Reader and nothing else, and that role."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        for project in ("one", "other"):
            server.call("CreateProject", ProjectName=project)
        server.call("CreateUser", UserName="alice")
        self.alice = self.new_key()
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [arn("user/alice")]}}
        server.call(
            "CreateRole", RoleName="Reader", MaxSessionDuration=7_200,
            AssumeRolePolicyDocument=json.dumps({"Version": "1", "Statement": [trust]}),
        )  # fmt: skip
        server.call(
            "CreatePolicy", PolicyName="assume", PolicyDocument=policy("sts:AssumeRole", arn("role/Reader"))
        )
        server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName="assume", UserName="alice")
        self.read_only = {
            "PolicyType": "System",
            "PolicyName": "AliyunIMMReadOnlyAccess",
            "RoleName": "Reader",
        }
        server.call("AttachPolicyToRole", **self.read_only)

    def new_key(self) -> Key:
        made = self.server.call("CreateAccessKey", UserName="alice")["AccessKey"]
        return made["AccessKeyId"], made["AccessKeySecret"]

    def assume(self, key: Key | None = None, style: str | None = None, **fields: Any) -> Any:
        client = StsClient(config(self.server, key or self.alice, signature_algorithm=style))
        known = {"role_arn": arn("role/Reader"), "role_session_name": "me", "duration_seconds": 900}
        return client.assume_role(sts.AssumeRoleRequest(**known | fields)).body

    def imm(self, credentials: Any, style: str | None = None) -> ImmClient:
        key = credentials.access_key_id, credentials.access_key_secret
        token = credentials.security_token
        return ImmClient(config(self.server, key, security_token=token, signature_algorithm=style))


def arn(path: str) -> str:
    return f"acs:ram::{ACCOUNT}:{path}"


def project_names(client: ImmClient) -> list[str]:
    listed = client.list_projects(imm.ListProjectsRequest()).body.projects
    return [project.project_name for project in listed or []]


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ClientException) as refused:
        call()
    return refused.value.status_code, refused.value.code


@pytest.fixture(scope="module")
def story(start_server: Callable[..., RunningServer]) -> Story:
    return Story(start_server())


@STYLES
def test_who_one_is(story: Story, style: str | None) -> None:
    root = story.server.key_id, story.server.key_secret
    answer = StsClient(config(story.server, root, signature_algorithm=style)).get_caller_identity().body
    assert (answer.identity_type, answer.user_id, answer.arn) == ("Account", ACCOUNT, arn("root"))
    user = StsClient(config(story.server, story.alice, signature_algorithm=style)).get_caller_identity()
    assert (user.body.identity_type, user.body.arn) == ("RAMUser", arn("user/alice"))


@STYLES
def test_a_role_is_assumed(story: Story, style: str | None) -> None:
    answer = story.assume(style=style)
    assert answer.assumed_role_user.arn == arn("role/Reader/me")
    assert answer.assumed_role_user.assumed_role_id.endswith(":me")
    client = story.imm(answer.credentials, style)
    assert client.get_project(imm.GetProjectRequest("one")).body.project.project_name == "one"
    assert project_names(client) == ["one", "other"]
    assert refusal(lambda: client.create_project(imm.CreateProjectRequest(project_name="x")))[0] == 403
    alone = ImmClient(config(story.server, story.alice, signature_algorithm=style))
    assert refusal(lambda: alone.get_project(imm.GetProjectRequest("one")))[0] == 403


@STYLES
def test_a_session_policy_narrows(story: Story, style: str | None) -> None:
    narrow = policy("imm:*", f"acs:imm:*:{ACCOUNT}:project/one")
    client = story.imm(story.assume(style=style, policy=narrow).credentials, style)
    assert client.get_project(imm.GetProjectRequest("one")).body.project.project_name == "one"
    assert refusal(lambda: client.get_project(imm.GetProjectRequest("other")))[0] == 403
    assert project_names(client) == ["one"]


def test_what_is_refused(story: Story) -> None:
    root = story.server.key_id, story.server.key_secret
    assert refusal(lambda: story.assume(key=root)) == (403, "NoPermission")
    absent = arn("role/Absent")
    assert refusal(lambda: story.assume(role_arn=absent)) == (403, "NoPermission")
    assert refusal(lambda: story.assume(duration_seconds=7_201)) == (
        400,
        "InvalidParameter.DurationSeconds",
    )
    assert refusal(lambda: story.assume(policy="{}")) == (400, "InvalidParameter.PolicyGrammar")


def test_every_change_counts_with_the_next_call(story: Story) -> None:
    server, credentials = story.server, story.assume().credentials
    client = story.imm(credentials)
    one = imm.GetProjectRequest("one")
    assert client.get_project(one)
    server.call("DetachPolicyFromRole", **story.read_only)
    assert refusal(lambda: client.get_project(one))[0] == 403
    server.call("AttachPolicyToRole", **story.read_only)
    assert client.get_project(one)
    new = story.new_key()
    which = {"UserName": "alice", "UserAccessKeyId": story.alice[0]}
    server.call("UpdateAccessKey", **which, Status="Inactive")
    assert refusal(story.assume) == (400, "InvalidAccessKeyId.Inactive")
    assert client.get_project(one), "sessions go on"
    server.call("DeleteAccessKey", **which)
    assert refusal(story.assume) == (404, "InvalidAccessKeyId.NotFound")
    story.alice = new
    assert story.assume()


def test_tokens_survive_a_restart(start_server: Callable[..., RunningServer]) -> None:
    server = start_server()
    story = Story(server)
    credentials = story.assume().credentials
    server.kill()
    story.server = start_server(data=server.data)
    client = story.imm(credentials)
    assert project_names(client) == ["one", "other"]
    story.server.call("DetachPolicyFromRole", **story.read_only)
    story.server.call("DeleteRole", RoleName="Reader")
    assert refusal(lambda: project_names(client)) == (404, "InvalidAccessKeyId.NotFound")


def test_credentials_by_uri(story: Story) -> None:
    """``bindery access credentials`` beside a program that takes them from a URI."""
    command = [sys.executable, "-m", "bindery.cli.main", "access", "credentials", "Reader"]
    environment = {
        "BINDERY_ENDPOINT": story.server.endpoint,
        "BINDERY_ACCESS_KEY_ID": story.alice[0],
        "BINDERY_ACCESS_KEY_SECRET": story.alice[1],
    }
    with subprocess.Popen(
        ends_with_us(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            assert process.stdout is not None
            name, _, uri = process.stdout.readline().strip().partition("=")
            assert name == "ALIBABA_CLOUD_CREDENTIALS_URI"
            assert uri.startswith("http://127.0.0.1:")
            credential = CredentialClient(CredentialConfig(type="credentials_uri", credentials_uri=uri))
            client = ImmClient(
                Config(credential=credential, endpoint=story.server.address, protocol="http")
            )
            assert project_names(client) == ["one", "other"]
            wrong = CredentialClient(CredentialConfig(type="credentials_uri", credentials_uri=uri[:-1]))
            with pytest.raises(Exception, match="404"):
                wrong.get_credential()
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, "")


def test_commands_take_temporary_credentials(story: Story) -> None:
    credentials = story.assume().credentials
    environment = {
        "BINDERY_ENDPOINT": story.server.endpoint,
        "BINDERY_ACCESS_KEY_ID": credentials.access_key_id,
        "BINDERY_ACCESS_KEY_SECRET": credentials.access_key_secret,
        "BINDERY_SECURITY_TOKEN": credentials.security_token,
    }
    command = [sys.executable, "-m", "bindery.cli.main", "call", "GetCallerIdentity"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert arn("assumed-role/Reader/me") in done.stdout


def test_who_may_not_assume_is_told_before_anything_is_offered(story: Story) -> None:
    command = [sys.executable, "-m", "bindery.cli.main", "access", "credentials", "Reader"]
    environment = {
        "BINDERY_ENDPOINT": story.server.endpoint,
        "BINDERY_ACCESS_KEY_ID": story.server.key_id,
        "BINDERY_ACCESS_KEY_SECRET": story.server.key_secret,
    }
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "may not be assumed by root accounts" in done.stderr


def test_credentials_of_a_role_by_the_vendors_library(
    start_server: Callable[..., RunningServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ram_role_arn``: AssumeRole by GET, signed in the older style, over TLS alone."""
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    options = ["--tls-certificate", str(certificate), "--tls-key", str(key)]
    story = Story(start_server(*options))
    provider = RamRoleArnCredentialsProvider(
        access_key_id=story.alice[0],
        access_key_secret=story.alice[1],
        role_arn=arn("role/Reader"),
        role_session_name="library",
        duration_seconds=3_600,
        policy=policy("imm:GetProject", f"acs:imm:*:{ACCOUNT}:project/one"),
        sts_endpoint=story.server.address,
    )
    given = provider.get_credentials()
    key = given.get_access_key_id(), given.get_access_key_secret()
    token = given.get_security_token()
    client = ImmClient(config(story.server, key, security_token=token))
    assert client.get_project(imm.GetProjectRequest("one"))
    assert refusal(lambda: client.get_project(imm.GetProjectRequest("other")))[0] == 403
