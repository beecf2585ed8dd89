"""Delivery: at least once, signed, to nobody but the destinations, and patient."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from receiver import SECRET, Receiver
from tests.servers.ports import free_port

from bindery.catalog.records import Binding, Dataset, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.notifications import delivery as module
from bindery.notifications.announcements import BINDING_EVENT, Announcements
from bindery.notifications.delivery import Delivery, signature_headers
from bindery.notifications.settings import NotificationSettings, parse_secret

Open = Callable[..., tuple[SqliteCatalog, Delivery]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL_SECONDS", "_FIRST_WAIT_SECONDS"):
        monkeypatch.setattr(module, name, 0.01)
    for name in ("_LONGEST_WAIT_SECONDS", "_LONGEST_PAUSE_SECONDS", "_EXPIRY_SECONDS"):
        monkeypatch.setattr(module, name, 0.1)
    # On a busy machine an answer may take long, and the message would be sent twice.
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 60.0)


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[Open]:
    """Opens the same catalog each time; an earlier one must be closed first."""
    opened: list[tuple[SqliteCatalog, Delivery]] = []

    def open_it(retention: float = 60.0, **urls: str) -> tuple[SqliteCatalog, Delivery]:
        settings = NotificationSettings(events=urls, key=parse_secret(SECRET), retention=retention)
        catalog = SqliteCatalog(tmp_path, account_id="1", announcer=Announcements(settings))
        opened.append((catalog, Delivery(catalog, settings)))
        return opened[-1]

    yield open_it
    for catalog, delivery in opened:
        delivery.close(5)
        catalog.close()


def bind(catalog: SqliteCatalog, *buckets: str) -> None:
    """One notification for each bucket."""
    if not catalog.projects.list():
        catalog.projects.create(Project(name="p"))
        catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    for bucket in buckets:
        catalog.bindings.create(Binding(dataset_id=0, project_name="p", dataset_name="d", bucket=bucket))


def told(receiver: Receiver) -> list[str]:
    return [content["URI"].removeprefix("oss://") for content in receiver.contents(BINDING_EVENT)]


def test_messages_arrive_once_in_order_and_leave_nothing(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(ops=receiver.url)
    bind(catalog, *"abcde")
    delivery.start()
    receiver.wait(lambda: len(receiver.messages) == 5)
    assert told(receiver) == list("abcde")
    receiver.wait(lambda: catalog.outbox.backlog() == {})
    receiver.wait(lambda: delivery.tries()["EventBridge/ops", "delivered"] == 5)  # counted a moment later
    assert receiver.requests == 5


@pytest.mark.parametrize("status", [302, 307, 400, 404, 410, 429, 500, 503])
def test_what_is_refused_is_sent_again(open_server: Open, receiver: Receiver, status: int) -> None:
    receiver.answer = lambda number: status if number < 3 else 204
    catalog, delivery = open_server(ops=receiver.url)
    bind(catalog, "a")
    delivery.start()
    receiver.wait(lambda: told(receiver) == ["a"])
    receiver.wait(lambda: catalog.outbox.backlog() == {})
    assert receiver.requests == 4  # a redirection is not followed
    assert delivery.tries()["EventBridge/ops", "failed"] == 3


def test_one_message_that_is_never_taken_holds_up_no_other(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(ops=receiver.url)
    bind(catalog, *"abc")
    take = receiver._take

    def refuse_a(body: bytes, headers: dict[str, str]) -> int:
        return 400 if json.loads(json.loads(body)["content"])["URI"] == "oss://a" else take(body, headers)

    receiver._take = refuse_a  # type: ignore[method-assign]
    delivery.start()
    receiver.wait(lambda: told(receiver) == ["b", "c"])
    # What was answered is removed a moment later.
    receiver.wait(lambda: catalog.outbox.backlog()["EventBridge/ops"].count == 1)


def test_a_dead_destination_holds_up_no_other(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(dead=f"http://127.0.0.1:{free_port()}/", ops=receiver.url)
    bind(catalog, *"abc")
    delivery.start()
    receiver.wait(lambda: told(receiver) == ["a", "b", "c"])
    receiver.wait(lambda: delivery.tries()["EventBridge/dead", "failed"] > 2)
    receiver.wait(
        lambda: (
            {name: held.count for name, held in catalog.outbox.backlog().items()} == {"EventBridge/dead": 3}
        )
    )


def test_a_restart_loses_nothing(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(ops=f"http://127.0.0.1:{free_port()}/")
    bind(catalog, *"abc")
    delivery.start()
    receiver.wait(lambda: delivery.tries()["EventBridge/ops", "failed"] > 1)
    delivery.close(5)
    catalog.close()
    _, again = open_server(ops=receiver.url)
    again.start()
    receiver.wait(lambda: sorted(told(receiver)) == ["a", "b", "c"])


def test_messages_are_given_up_in_the_end(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(retention=0.05, ops=f"http://127.0.0.1:{free_port()}/")
    bind(catalog, *"abc")
    delivery.start()
    receiver.wait(lambda: delivery.tries().get(("EventBridge/ops", "expired")) == 3)
    assert catalog.outbox.backlog() == {}


def test_what_an_earlier_configuration_left_is_given_up_too(open_server: Open, receiver: Receiver) -> None:
    catalog, delivery = open_server(gone=receiver.url)
    bind(catalog, "a")
    delivery.close(5)
    catalog.close()
    catalog, delivery = open_server(retention=0.01, ops=receiver.url)
    delivery.start()
    receiver.wait(lambda: delivery.tries().get(("EventBridge/gone", "expired")) == 1)
    assert told(receiver) == []


def test_an_answer_without_end_is_an_answer(open_server: Open, receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        catalog, delivery = open_server(ops=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        bind(catalog, "a")
        delivery.start()
        connection, _ = listener.accept()
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000)  # and never closed
        receiver.wait(lambda: catalog.outbox.backlog() == {})
        connection.close()


def test_a_destination_that_answers_nothing_is_left_after_a_while(
    open_server: Open, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        catalog, delivery = open_server(ops=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        bind(catalog, "a")
        delivery.start()
        receiver.wait(lambda: delivery.tries()["EventBridge/ops", "failed"] >= 1)
        assert catalog.outbox.backlog()["EventBridge/ops"].count == 1


def test_the_signature_of_the_specification() -> None:
    # Source: test vector of the Standard Webhooks libraries
    key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
