"""A gateway over a real catalog and real buckets, called without a socket but with signed requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from bindery.access.keys import AccessKeys
from bindery.access.nonces import Nonces
from bindery.api.context import ApiSettings, Context
from bindery.api.gateway import Gateway
from bindery.api.rendering import Answer
from bindery.api.request import HttpRequest
from bindery.api.signature import sign_v3
from bindery.buckets.registry import Buckets
from bindery.catalog.catalog import Catalog
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool
from bindery.sync.engine import Engine
from bindery.sync.settings import SyncSettings

HOST = "imm.test:8180"


class Refused(NamedTuple):
    """What an error says."""

    status: int
    code: str
    message: str


class Api:
    """Calls operations of one gateway."""

    def __init__(self, gateway: Gateway, bucket_root: Path) -> None:
        self.gateway = gateway
        self.context = gateway.context
        self.catalog: Catalog = gateway.context.catalog
        self.bucket_root = bucket_root
        self.key = gateway.context.keys.find("root")
        assert self.key is not None

    def send(self, action: str, parameters: dict[str, Any]) -> Answer:
        """One signed POST."""
        query = [(name, _text(value)) for name, value in parameters.items()]
        assert self.key is not None
        signed = sign_v3("POST", HOST, action, query, self.key.id, self.key.secret)
        headers = {name.lower(): [value] for name, value in signed.items()}
        return self.handle(HttpRequest("POST", "/?" + urlencode(query), headers))

    def handle(self, request: HttpRequest) -> Answer:
        """The answer to a request as it is."""
        return asyncio.run(self.gateway.handle(request))

    def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        answer = self.send(action, parameters)
        body: dict[str, Any] = json.loads(answer.body)
        assert answer.status == 200, (action, body)
        assert body.pop("RequestId") == answer.request_id
        return body

    def refused(self, action: str, **parameters: Any) -> Refused:
        """The error of an answer that must be one."""
        answer = self.send(action, parameters)
        body = json.loads(answer.body)
        assert answer.status >= 400, (action, body)
        assert list(body) == ["RequestId", "HostId", "Code", "Message", "Recommend"]
        return Refused(answer.status, body["Code"], body["Message"])

    def pages(self, action: str, member: str, **parameters: Any) -> list[list[dict[str, Any]]]:
        """Every page of a list."""
        found, token = [], ""
        while True:
            body = self(action, **parameters, NextToken=token)
            found.append(body[member])
            assert len(found) < 100
            if not body["NextToken"]:
                return found
            assert body["NextToken"] != token
            token = body["NextToken"]

    def put(self, bucket: str, key: str, content: bytes) -> str:
        """Write an object; returns its URI."""
        path = self.bucket_root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"oss://{bucket}/{key}"


@pytest.fixture
def make_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Api]]:
    """``make_api(strict=True)``: a gateway with these settings, over a catalog of its own.

    The engine is not started: accepted files wait, bindings that are made begin their work.
    """
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "root")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "root-secret")
    closing: list[Callable[[], None]] = []

    def make(**settings: Any) -> Api:
        data, root = tmp_path / f"data{len(closing)}", tmp_path / f"buckets{len(closing)}"
        data.mkdir()
        root.mkdir()
        known = ApiSettings(**settings)
        catalog = SqliteCatalog(data, account_id=known.account_id)
        buckets = Buckets({}, root)
        pool = ExtractionPool(1, ExtractionLimits())
        engine = Engine(catalog, buckets, pool, SyncSettings())
        nonces = Nonces(data)
        keys = AccessKeys(data, account_id=known.account_id)
        gateway = Gateway(Context(catalog, engine, keys, nonces, known))
        closing.extend(
            [catalog.close, buckets.close, pool.close, engine.close, nonces.close, gateway.close]
        )
        return Api(gateway, root)

    yield make
    for close in reversed(closing):
        close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """A gateway with the default settings."""
    return make_api()


@pytest.fixture
def dataset(api: Api) -> dict[str, str]:
    """Parameters that name a fresh dataset."""
    api("CreateProject", ProjectName="project")
    api("CreateDataset", ProjectName="project", DatasetName="dataset")
    return {"ProjectName": "project", "DatasetName": "dataset"}


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
