"""Sessions of browsers: how they begin, and everything that ends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from tests.own_threads import replace_here

from bindery.access import signing_in as module
from bindery.access.identities import Identities, open_identities
from bindery.access.nonces import Nonces
from bindery.access.permits import Permits, make_permit
from bindery.access.signing_in import SigningIn, SignInSettings, TooManyAttempts, WrongKey, link_query
from bindery.catalog.access_records import User
from bindery.catalog.sqlite_catalog import SqliteCatalog

SECOND = 1_000_000_000
AT = ("127.0.0.1", "Browser")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


class Room:
    """Everything that signing in needs, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = SqliteCatalog(folder, account_id="1")
        self.identities: Identities = open_identities(self.catalog, folder, account_id="1")
        self.nonces = Nonces(folder)
        settings = SignInSettings(idle=100, longest=1_000)
        self.signing_in = SigningIn(
            self.catalog.browser_sessions, self.identities, settings, Permits(folder), self.nonces
        )

    def link(self) -> str:
        query = link_query(lambda *parameters: make_permit(self.folder, *parameters), "root")
        assert query is not None
        return query


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    replace_here(monkeypatch, module, "now_ns", clock)
    return clock


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "root-secret")
    room = Room(tmp_path)
    yield room
    room.nonces.close()
    room.catalog.close()


def test_the_record_does_not_hold_what_the_browser_shows(room: Room) -> None:
    token = room.signing_in.by_key("root", "root-secret", *AT)
    found = room.signing_in.find(token)
    assert found is not None
    assert found.identity.root
    assert token.encode() not in found.session.id
    room.catalog.close()
    content = b"".join(path.read_bytes() for path in room.folder.glob("catalog.db*"))
    assert token.encode() not in content


@pytest.mark.parametrize(
    ("key_id", "secret"), [("root", "wrong"), ("none", "root-secret"), ("", ""), ("STS.x", "y")]
)
def test_whatever_is_wrong_is_refused_alike(room: Room, key_id: str, secret: str) -> None:
    with pytest.raises(WrongKey):
        room.signing_in.by_key(key_id, secret, *AT)


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000, "\ud83d", "a\0b"])
def test_tokens_that_nobody_has(room: Room, token: str) -> None:
    assert room.signing_in.find(token) is None


def test_it_ends_when_nobody_uses_it(room: Room, clock: Clock) -> None:
    token = room.signing_in.by_key("root", "root-secret", *AT)
    for _ in range(3):
        clock.now += 90 * SECOND
        assert room.signing_in.find(token) is not None
    clock.now += 101 * SECOND
    assert room.signing_in.find(token) is None
    clock.now -= 101 * SECOND
    assert room.signing_in.find(token) is None, "what has ended stays so"


def test_it_ends_however_much_it_is_used(room: Room, clock: Clock) -> None:
    token = room.signing_in.by_key("root", "root-secret", *AT)
    for _ in range(11):
        clock.now += 90 * SECOND
        assert room.signing_in.find(token) is not None
    clock.now += 90 * SECOND
    assert room.signing_in.find(token) is None


def _disable(room: Room, key_id: str) -> None:
    room.catalog.access_keys.set_active("alice", key_id, active=False)


def _delete(room: Room, key_id: str) -> None:
    room.catalog.access_keys.delete("alice", key_id)


@pytest.mark.parametrize("end", [_disable, _delete])
def test_it_ends_with_its_key(room: Room, end: Callable[[Room, str], None]) -> None:
    room.catalog.users.create(User(name="alice"))
    _, key = room.identities.make_key("alice")
    token = room.signing_in.by_key(key.id, key.secret, *AT)
    assert room.signing_in.find(token) is not None
    end(room, key.id)
    assert room.signing_in.find(token) is None
    with pytest.raises(WrongKey):
        room.signing_in.by_key(key.id, key.secret, *AT)


def test_a_link_is_good_once(room: Room) -> None:
    query = room.link()
    assert room.signing_in.find(room.signing_in.by_link(query, *AT)) is not None
    with pytest.raises(WrongKey):
        room.signing_in.by_link(query, *AT)


@pytest.mark.parametrize("name", ["key", "nonce", "until", "permit"])
@pytest.mark.parametrize("value", ["", "0", "99999999999", "LTAIother", "x" * 3_000, "\ud83d"])
def test_a_link_that_was_changed_is_none(room: Room, name: str, value: str) -> None:
    parts = {key: values[0] for key, values in parse_qs(room.link()).items()}
    with pytest.raises(WrongKey):
        room.signing_in.by_link(urlencode(parts | {name: value}, errors="surrogatepass"), *AT)


def test_links_get_old(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    query = room.link()
    late = module.time.time() + 301
    replace_here(monkeypatch, module.time, "time", lambda: late)
    with pytest.raises(WrongKey):
        room.signing_in.by_link(query, *AT)


def test_attempts_of_an_address_are_limited(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    now = module.time.monotonic()
    replace_here(monkeypatch, module.time, "monotonic", lambda: now)
    for _ in range(10):
        with pytest.raises(WrongKey):
            room.signing_in.by_key("root", "wrong", *AT)
    with pytest.raises(TooManyAttempts) as refused:
        room.signing_in.by_key("root", "root-secret", *AT)
    assert refused.value.args == (30,)
    assert room.signing_in.by_key("root", "root-secret", "127.0.0.2", "Browser")
    now += 31
    assert room.signing_in.by_key("root", "root-secret", *AT)
