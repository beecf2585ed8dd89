"""A user limited to one dataset and a session of a role, by the official SDKs: changes count with the next call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_imm20200930 import models as imm_models
from alibabacloud_imm20200930.client import Client as Imm
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

if TYPE_CHECKING:
    from conftest import RunningServer

pytestmark = pytest.mark.server
ram_models = pytest.importorskip("alibabacloud_ram20150501.models")
sts_models = pytest.importorskip("alibabacloud_sts20150401.models")
Ram = pytest.importorskip("alibabacloud_ram20150501.client").Client
Sts = pytest.importorskip("alibabacloud_sts20150401.client").Client


def document(*actions: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "1", "Statement": [statement]})


def dataset_of(client: Imm, project: str, dataset: str) -> str:
    """Its name, or the code of the refusal."""
    try:
        answer = client.get_dataset(
            imm_models.GetDatasetRequest(project_name=project, dataset_name=dataset)
        )
    except ClientException as refused:
        return str(refused.code)
    return str(answer.body.dataset.dataset_name)


def test_the_story(server: RunningServer, new_name: Callable[[str], str]) -> None:
    def config(key_id: str, secret: str, token: str | None = None) -> Any:
        return Config(
            access_key_id=key_id, access_key_secret=secret, security_token=token, endpoint=server.address,
            protocol="http",
        )  # fmt: skip

    project, user, role = new_name("story"), new_name("reader"), new_name("job")
    server.make_dataset(project, "mine")
    server.call("CreateDataset", ProjectName=project, DatasetName="other")
    ram = Ram(config(server.key_id, server.key_secret))
    mine = f"acs:imm:*:*:project/{project}/dataset/mine"

    ram.create_user(ram_models.CreateUserRequest(user_name=user))
    ram.create_policy(
        ram_models.CreatePolicyRequest(policy_name=user, policy_document=document("imm:*", resource=mine))
    )
    attachment = {"policy_type": "Custom", "policy_name": user, "user_name": user}
    ram.attach_policy_to_user(ram_models.AttachPolicyToUserRequest(**attachment))
    created = ram.create_access_key(ram_models.CreateAccessKeyRequest(user_name=user)).body.access_key
    reader = Imm(config(created.access_key_id, created.access_key_secret))
    assert dataset_of(reader, project, "mine") == "mine"
    assert dataset_of(reader, project, "other") == "NoPermission"
    listed = reader.list_datasets(imm_models.ListDatasetsRequest(project_name=project)).body.datasets
    assert [each.dataset_name for each in listed] == ["mine"]

    account = Sts(config(server.key_id, server.key_secret)).get_caller_identity()
    arn = f"acs:ram::{account.body.account_id}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"{arn}:user/{user}"]}}
    ram.create_role(
        ram_models.CreateRoleRequest(
            role_name=role, assume_role_policy_document=json.dumps({"Version": "1", "Statement": [trust]})
        )
    )
    ram.attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(
            policy_type="System", policy_name="AliyunIMMFullAccess", role_name=role
        )
    )
    ram.attach_policy_to_user(
        ram_models.AttachPolicyToUserRequest(
            policy_type="System", policy_name="AliyunSTSAssumeRoleAccess", user_name=user
        )
    )
    other = f"acs:imm:*:*:project/{project}/dataset/other"
    session = (
        Sts(config(created.access_key_id, created.access_key_secret))
        .assume_role(
            sts_models.AssumeRoleRequest(
                role_arn=f"{arn}:role/{role}", role_session_name="story",
                policy=document("imm:Get*", resource=other),
            )
        )
        .body.credentials
    )  # fmt: skip
    narrowed = Imm(config(session.access_key_id, session.access_key_secret, session.security_token))
    assert dataset_of(narrowed, project, "other") == "other"
    assert dataset_of(narrowed, project, "mine") == "NoPermission"

    fresh = ram.create_access_key(ram_models.CreateAccessKeyRequest(user_name=user)).body.access_key
    for key, status, code in (
        (created, "Inactive", "InvalidAccessKeyId.Inactive"),
        (created, "Active", "mine"),
    ):
        ram.update_access_key(
            ram_models.UpdateAccessKeyRequest(
                user_name=user, user_access_key_id=key.access_key_id, status=status
            )
        )
        assert dataset_of(reader, project, "mine") == code
    rotated = Imm(config(fresh.access_key_id, fresh.access_key_secret))
    assert dataset_of(rotated, project, "mine") == "mine"
    ram.detach_policy_from_user(ram_models.DetachPolicyFromUserRequest(**attachment))
    assert dataset_of(rotated, project, "mine") == "NoPermission"
