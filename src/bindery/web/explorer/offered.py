"""What exists already, for the fields of a form that name it: as much of it as whoever is signed in may see."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NamedTuple

from aiohttp import web

from bindery.web.page_request import PageError, PageRequest

_MOST = 100


class _Source(NamedTuple):
    """An operation that lists things, and where their names stand in its answer."""

    action: str
    path: tuple[str, ...]
    name: str
    of: tuple[str, ...] = ()
    """What must be chosen first: ``project``, ``dataset``."""
    limit: str = "MaxResults"


_SOURCES = {
    "projects": _Source("imm:ListProjects", ("Projects",), "ProjectName"),
    "datasets": _Source("imm:ListDatasets", ("Datasets",), "DatasetName", ("project",)),
    "bindings": _Source("imm:ListBindings", ("Bindings",), "URI", ("project", "dataset")),
    "files": _Source("imm:SimpleQuery", ("Files",), "URI", ("project", "dataset")),
    "tasks": _Source("imm:ListTasks", ("Tasks",), "TaskId", ("project",)),
    "users": _Source("ram:ListUsers", ("Users", "User"), "UserName", limit="MaxItems"),
    "groups": _Source("ram:ListGroups", ("Groups", "Group"), "GroupName", limit="MaxItems"),
    "roles": _Source("ram:ListRoles", ("Roles", "Role"), "RoleName", limit="MaxItems"),
    "policies": _Source("ram:ListPolicies", ("Policies", "Policy"), "PolicyName", limit="MaxItems"),
}
_BUCKET_URI = "oss://"
_TOGETHER = {"uris": ("bindings", "files")}
_NAMES = {"project": "ProjectName", "dataset": "DatasetName"}


async def offered(request: PageRequest) -> web.Response:
    """Up to 100 names of each kind, and none of what may not be listed."""
    kind = request.named["kind"]
    if kind == "buckets":
        return request.answer(await _buckets(request))
    sources = _TOGETHER.get(kind, (kind,))
    if not set(sources) <= set(_SOURCES):
        raise PageError(HTTPStatus.NOT_FOUND, "errors.missing")
    found = [name for source in sources for name in await _names(request, _SOURCES[source])]
    return request.answer(list(dict.fromkeys(found)))


async def _buckets(request: PageRequest) -> list[str]:
    """Names of buckets that are bound in the chosen project."""
    source = _SOURCES["bindings"]._replace(of=("project",))
    uris = await _names(request, source)
    return list(dict.fromkeys(uri.removeprefix(_BUCKET_URI).strip("/") for uri in uris))


async def _names(request: PageRequest, source: _Source) -> list[str]:
    query = request.query
    if not all(query.get(each) for each in source.of):
        return []
    values: dict[str, Any] = {_NAMES[each]: query[each] for each in source.of}
    reply = await request.caller.call(source.action, values | {source.limit: _MOST})
    if not reply.ok:
        return []
    held: Any = reply.data
    for name in source.path:
        held = held.get(name, {})
    return [item[source.name] for item in held or [] if source.name in item]
