"""A gateway over a real catalog and real buckets, called without a socket but with signed requests."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from bindery.access.audit.log import AuditLog
from bindery.access.audit.settings import AuditSettings
from bindery.access.identities import open_identities
from bindery.access.nonces import Nonces
from bindery.access.permits import Permits
from bindery.api.context import ApiSettings, Context
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.rendering import Answer
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.signature import sign_v3
from bindery.api.metering import Metering
from bindery.api.spec.model import load_models
from bindery.buckets.registry import Buckets
from bindery.catalog.access_records import PolicyType, PrincipalKind
from bindery.catalog.catalog import Catalog
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.extract.limits import ExtractionLimits
from bindery.extract.pool import ExtractionPool
from bindery.notifications.delivery import Delivery
from bindery.notifications.settings import NotificationSettings
from bindery.sync.engine import Engine
from bindery.sync.settings import SyncSettings

HOST = "imm.test:8180"


class Refused(NamedTuple):
    """What an error says."""

    status: int
    code: str
    message: str


class Signer(NamedTuple):
    """Whose key signs."""

    key_id: str
    secret: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What a security token adds to a request."""
        if not self.token:
            return {}
        return {"x-acs-security-token": self.token, "x-acs-accesskey-id": self.key_id}


class Api:
    """Calls operations of one gateway."""

    def __init__(self, gateway: Gateway, bucket_root: Path, data: Path) -> None:
        self.gateway, self.data = gateway, data
        self.context = gateway.context
        self.catalog: Catalog = gateway.context.catalog
        self.bucket_root = bucket_root
        root = gateway.context.identities.find("root")
        self._signer = Signer(root.key_id, root.secret)

    @contextmanager
    def signed_by(self, key_id: str, secret: str, token: str = "") -> Iterator[None]:
        """Calls within are of another key than the root key."""
        earlier, self._signer = self._signer, Signer(key_id, secret, token)
        yield
        self._signer = earlier

    def send(self, action: str, parameters: dict[str, Any]) -> Answer:
        """One signed POST."""
        query = [(name, _text(value)) for name, value in parameters.items()]
        signer = self._signer
        signed = sign_v3(
            "POST", HOST, action, query, signer.key_id, signer.secret,
            version=load_models().version_of(action), further=signer.headers,
        )  # fmt: skip
        headers = {name.lower(): [value] for name, value in signed.items()}
        return self.handle(HttpRequest("POST", "/?" + urlencode(query), headers))

    def handle(self, request: HttpRequest) -> Answer:
        """The answer to a request as it is."""
        return asyncio.run(self.gateway.handle(request))

    def _send_again(self, action: str, parameters: dict[str, Any]) -> Answer:
        """A server that is busy is asked again, as the SDKs do."""
        answer = self.send(action, parameters)
        for _ in range(10):
            if answer.status != 503:
                break
            answer = self.send(action, parameters)
        return answer

    def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of an answer that must be a success, in the end."""
        answer = self._send_again(action, parameters)
        body: dict[str, Any] = json.loads(answer.body)
        assert answer.status == 200, (action, body)
        assert body.pop("RequestId") == answer.request_id
        return body

    def refused(self, action: str, **parameters: Any) -> Refused:
        """The error of an answer that must be one."""
        return self._refusal(action, self.send(action, parameters))

    def refused_in_the_end(self, action: str, **parameters: Any) -> Refused:
        """The same of a call whose work a busy machine may not come to in time."""
        return self._refusal(action, self._send_again(action, parameters))

    @staticmethod
    def _refusal(action: str, answer: Answer) -> Refused:
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

    def empty(self) -> None:
        """Remove every project with all it holds, and whoever may use it."""
        self.empty_access()
        for binding in self.catalog.bindings.list():
            self.context.engine.delete_binding(binding)
        for project in self.catalog.projects.list(limit=1_000):
            for dataset in self.catalog.datasets.list(project.name, limit=1_000):
                while documents := self.catalog.queries.search(dataset.id, None, limit=100).documents:
                    self.catalog.files.delete(
                        dataset.id, [json.loads(document)["URI"] for document in documents]
                    )
                self.catalog.datasets.delete(project.name, dataset.name)
            self.catalog.projects.delete(project.name)
        shutil.rmtree(self.bucket_root)
        self.bucket_root.mkdir()

    def empty_access(self) -> None:
        """Delete everything that RAM manages, and the further keys of the account."""
        for kind, names in {
            PrincipalKind.USER: [user.name for user in self.catalog.users.list(limit=1_000)],
            PrincipalKind.GROUP: [group.name for group in self.catalog.groups.list(limit=1_000)],
            PrincipalKind.ROLE: [role.name for role in self.catalog.roles.list(limit=1_000)],
        }.items():
            for name in names:
                self._detach_policies(kind, name)
        for group in self.catalog.groups.list(limit=1_000):
            for user, _ in self.catalog.groups.users(group.name, limit=1_000):
                self.catalog.groups.remove_user(user.name, group.name)
            self.catalog.groups.delete(group.name)
        for user in self.catalog.users.list(limit=1_000):
            for key in self.catalog.access_keys.list(user.name):
                self.catalog.access_keys.delete(user.name, key.id)
            self.catalog.users.delete(user.name)
        for role in self.catalog.roles.list(limit=1_000):
            self.catalog.roles.delete(role.name)
        for policy in self.catalog.policies.list(limit=1_000):
            self.catalog.policies.delete(policy.name, versions=True)
        for key in self.catalog.access_keys.list(None):
            self.catalog.access_keys.delete(None, key.id)

    def _detach_policies(self, kind: PrincipalKind, name: str) -> None:
        for attached in self.catalog.policies.of(kind, name):
            self.catalog.policies.detach(PolicyType(attached.type), attached.name, kind, name)


@pytest.fixture(scope="session")
def make_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Api]]:
    """``make_api(strict=True)``: a gateway with these settings, over a catalog of its own.

    The engine is not started: accepted files wait, bindings that are made begin their work.
    """
    with pytest.MonkeyPatch.context() as patch, ExitStack() as closing:

        def make(*, all_calls: bool = False, **settings: Any) -> Api:
            patch.setenv("BINDERY_ACCESS_KEY_ID", "root")
            patch.setenv("BINDERY_ACCESS_KEY_SECRET", "root-secret")
            data, root = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("buckets")
            known = ApiSettings(**settings)
            catalog = SqliteCatalog(data, account_id=known.account_id)
            closing.callback(catalog.close)
            buckets = Buckets({}, root, data)
            closing.callback(buckets.close)
            pool = ExtractionPool(1, ExtractionLimits())
            closing.callback(pool.close)
            engine = Engine(catalog, buckets, pool, SyncSettings())
            closing.callback(engine.close)
            nonces = Nonces(data)
            closing.callback(nonces.close)
            identities = open_identities(catalog, data, account_id=known.account_id)
            delivery = Delivery(catalog, NotificationSettings())
            audit_log = AuditLog(data, AuditSettings(all_calls=all_calls))
            closing.callback(audit_log.close)
            metering = Metering(catalog, known.zone)
            closing.callback(metering.close)
            gateway = Gateway(
                Context(
                    catalog, engine, delivery, identities, nonces, known, audit_log, metering, Permits(data)
                )
            )
            closing.callback(gateway.close)
            patch.undo()
            return Api(gateway, root, data)

        yield make


@pytest.fixture(scope="session")
def shared_api(make_api: Callable[..., Api]) -> Api:
    """Opened once, because opening a catalog takes longer than most tests."""
    return make_api()


@pytest.fixture
def api(shared_api: Api) -> Iterator[Api]:
    """A gateway with the default settings and nothing in it."""
    yield shared_api
    shared_api.empty()


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
