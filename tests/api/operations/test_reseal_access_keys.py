"""ResealAccessKeys: beside the calls of a running server."""

from __future__ import annotations

import json
import threading
import time

import pytest

from bindery.access.tokens import Credentials, Session, issue
from bindery.catalog.access_records import Role

from ..conftest import Api


@pytest.fixture
def session(api: Api) -> Credentials:
    """Of a role that may do nothing."""
    role = api.catalog.roles.create(Role(name="sealed", trust_policy="{}"))
    account = api.context.settings.account_id
    return issue(
        api.context.identities.sealer,
        Session("", account, role.id, role.name, "me", int(time.time()) + 900),
    )


def sealing_keys(api: Api) -> int:
    return len(json.loads((api.data / "sealing-key.json").read_bytes())["Keys"])


def test_sessions_go_on_unless_they_are_to_end(api: Api, session: Credentials) -> None:
    api("ResealAccessKeys", AtOnce="true")
    assert sealing_keys(api) == 1
    with api.signed_by(session.key.id, session.key.secret, session.token):
        assert api.refused("GetCallerIdentity").code == "InvalidSecurityToken.Malformed"


def test_what_is_remembered_of_a_session_ends_too(api: Api, session: Credentials) -> None:
    """Also where no access key is there to be sealed anew."""
    signed = session.key.id, session.key.secret, session.token
    with api.signed_by(*signed):
        assert api("GetCallerIdentity")
    before = sealing_keys(api)
    assert api("ResealAccessKeys") == {"OldSealingKeys": before, "Resealed": 0}
    with api.signed_by(*signed):
        assert api("GetCallerIdentity")
    api("ResealAccessKeys", AtOnce="true")
    with api.signed_by(*signed):
        assert api.refused("GetCallerIdentity").code == "InvalidSecurityToken.Malformed"


def test_keys_that_are_made_meanwhile_are_not_lost(api: Api, session: Credentials) -> None:
    ended = threading.Event()
    identities, made = api.context.identities, []

    def make() -> None:
        while not ended.is_set():
            made.append(identities.make_key(None)[1])

    maker = threading.Thread(target=make)
    maker.start()
    try:
        while len(made) < 20:
            api("ResealAccessKeys", AtOnce="true")
    finally:
        ended.set()
        maker.join()
    assert api("ResealAccessKeys", AtOnce="true")["OldSealingKeys"] == 0
    for key in made:
        assert identities.find(key.id).secret == key.secret


def test_users_may_not(api: Api, session: Credentials) -> None:
    with api.signed_by(session.key.id, session.key.secret, session.token):
        assert api.send("ResealAccessKeys", {}).status == 403
