"""Which parameters are recorded: of every operation of every product, none that may hold a secret."""

from __future__ import annotations

import pytest

from bindery.access.audit.parameters import is_shown, shown_parameters
from bindery.api.spec.model import load_models

SECRET = (
    "AccessToken", "AuthenticationCode1", "CredentialConfig", "Email", "ExternalId", "MobilePhone", "NewPassword",
    "Notification", "OIDCToken", "OldPassword", "Password", "Permit", "RefreshToken", "SAMLAssertion",
    "SecurityToken", "Signature", "Store", "UserData", "WorkflowParameters",
)  # fmt: skip
NAMES = (
    "AssumeRolePolicyDocument", "Bucket", "DatasetName", "GroupName", "NewUserName", "PolicyDocument", "PolicyName",
    "ProjectName", "RoleArn", "RoleName", "RoleSessionName", "ServiceRole", "Status", "URI", "URIs", "UserAccessKeyId",
    "UserName", "VersionId",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRET)
def test_what_may_be_secret_or_personal_is_left_out(name: str) -> None:
    assert not is_shown(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_call_is_about_is_shown(name: str) -> None:
    assert is_shown(name)


def test_no_parameter_of_any_operation_that_sounds_secret_is_shown() -> None:
    words = ("secret", "token", "password", "credential", "signature", "private")
    names = {parameter.name for operation in load_models() for parameter in operation.parameters}
    assert len(names) > 200
    assert [name for name in names if is_shown(name) and any(word in name.lower() for word in words)] == []


def test_only_what_the_operation_knows_and_the_caller_gave() -> None:
    values = {"UserName": "reader", "GroupName": "", "RoleName": "job", "AccessKeyId": "LTAI"}
    assert shown_parameters(["UserName", "GroupName", "Comments"], values) == {"UserName": "reader"}
