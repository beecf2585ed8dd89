"""The commands of ``bindery access`` against a server in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from bindery.cli.main import main
from bindery.log import structlog_configured
from bindery.testing import BinderyServer


@pytest.fixture(autouse=True)
def _log_to_stderr() -> Iterator[None]:
    """What a command prints is not mixed with the log of the server in the same process."""
    with structlog_configured(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__)):
        yield


class Commands:
    """Runs ``bindery access``."""

    def __init__(self, server: BinderyServer) -> None:
        self.server = server
        self.environment = {
            "BINDERY_ENDPOINT": server.endpoint,
            "BINDERY_ACCESS_KEY_ID": server.access_key_id,
            "BINDERY_ACCESS_KEY_SECRET": server.access_key_secret,
            "COLUMNS": "240",
        }

    def __call__(self, *words: str, expect: int = 0, stdin: str | None = None) -> Result:
        done = CliRunner().invoke(main, ["access", *words], env=self.environment, input=stdin)
        assert done.exit_code == expect, (done.output, done.exception)
        return done

    def json(self, *words: str) -> Any:
        """What a command with ``--json`` prints."""
        return json.loads(self(*words, "--json").stdout)

    def ram(self, action: str, **parameters: Any) -> dict[str, Any]:
        """An operation of RAM."""
        return self.server.call(action, **parameters)


@pytest.fixture(scope="module")
def access() -> Iterator[Commands]:
    with BinderyServer() as running:
        yield Commands(running)
