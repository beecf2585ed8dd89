"""Logs: where they go, in which form, and what is left out."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog
from tests.own_log import own_log

from bindery.log import configure_logging


@pytest.fixture(autouse=True)
def _untouched_logging() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_json_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    structlog.get_logger().bind(binding=7).info("full scan done", listed=3)
    said = capsys.readouterr()
    assert said.out == ""
    line = json.loads(said.err)
    assert (line["event"], line["binding"], line["listed"], line["level"]) == (
        "full scan done",
        7,
        3,
        "info",
    )
    assert line["timestamp"].endswith("Z")


def test_exceptions_become_data(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        raise ValueError("no such thing")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert json.loads(capsys.readouterr().err)["exception"][0]["exc_value"] == "no such thing"


def test_readable_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console")
    structlog.get_logger().info("listening", port=8180)
    assert "listening" in (said := capsys.readouterr().err)
    assert "port=8180" in said


def test_lower_levels_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    structlog.get_logger().info("unheard")
    structlog.get_logger().warning("heard")
    assert json.loads(capsys.readouterr().err)["event"] == "heard"


def test_libraries_speak_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    logging.getLogger("somebody").warning("careful with %s", "this")
    assert json.loads(capsys.readouterr().err)["event"] == "careful with this"


@pytest.mark.parametrize("form", ["json", "console"])
def test_tracebacks_hold_no_values(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    def use(secret: str) -> None:
        raise ValueError(len(secret))

    for logger in (structlog.get_logger(), logging.getLogger("somebody")):
        try:
            use("CANARY" + "42")
        except ValueError:
            logger.exception("failed")
    said = capsys.readouterr().err
    assert "CANARY42" not in said
    assert said.count("in use" if form == "console" else '"name": "use"') == 2


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_is_bounded_whatever_went_wrong(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    def fall(depth: int) -> None:
        rise(depth)

    def rise(depth: int) -> None:
        try:
            fall(depth + 1)
        except RecursionError as error:
            if depth % 5 == 0:
                raise ValueError("x" * 100_000) from error
            raise

    try:
        fall(0)
    except ValueError:
        structlog.get_logger().exception("failed", body=b"\0" * 1_000_000, text="y" * 1_000_000)
    said = capsys.readouterr().err
    assert len(said) < 64 * 1024
    assert "RecursionError" in said or "ValueError" in said


def test_causes_are_told_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    structlog.get_logger().error("failed", exc_info=first)
    told = json.loads(capsys.readouterr().err)["exception"]
    assert [each["exc_type"] for each in told] == ["ValueError", "KeyError"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_text_of_strangers_does_not_steer_a_terminal(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)
    name = "x\x1b]0;owned\x07\r\x9b2J\u202egpj\nforged line"
    structlog.get_logger().warning(f"found {name}", key=name, keys=[name])
    logging.getLogger("somebody").warning("found %s", name)
    try:
        raise ValueError(name)
    except ValueError:
        structlog.get_logger().exception("failed", key=name)
    said = capsys.readouterr().err
    assert not any(sign in said for sign in "\x1b\x07\r\x9b\u202e")
    assert not any(line.startswith("forged") for line in said.splitlines())
    assert "owned" in said


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_within_texts_are_hidden(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)
    try:
        raise ValueError("no use: s3://a?secret_access_key=CANARY42&x=y, https://me:CANARY42@host")
    except ValueError:
        structlog.get_logger().exception("failed", options={"session_token": "CANARY42"})
    said = capsys.readouterr().err
    assert "CANARY42" not in said
    assert "hidden" in said


def test_lines_of_others_are_not_those_of_a_test() -> None:
    def say(text: str) -> None:
        structlog.get_logger().info(text)

    with own_log() as lines:
        say("ours")
        other = threading.Thread(target=say, args=("theirs",))
        other.start()
        other.join()
    assert lines == [{"event": "ours", "log_level": "info"}]
