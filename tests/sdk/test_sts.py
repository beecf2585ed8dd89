"""STS by its official SDK, unmodified, in both signature styles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.models import Config

if TYPE_CHECKING:
    from tests.conftest import RunningServer

pytestmark = pytest.mark.server


@pytest.mark.parametrize("style", [None, "v2"])
def test_who_one_is(server: RunningServer, style: str | None) -> None:
    config = Config(
        access_key_id=server.key_id, access_key_secret=server.key_secret, endpoint=server.address,
        protocol="http", signature_algorithm=style,
    )  # fmt: skip
    answer = Client(config).get_caller_identity().body
    assert (answer.identity_type, answer.user_id) == ("Account", answer.account_id)
    assert answer.arn == f"acs:ram::{answer.account_id}:root"
