"""Logs: where they go, in which form, and what is left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

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
