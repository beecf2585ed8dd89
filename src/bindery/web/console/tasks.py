"""``/console/tasks/``: the tasks of a project with their progress, and an end for those that run."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from bindery.web.page_request import PageRequest
from bindery.web.rights import rights_of
from bindery.web.routes import Route

_PAGE = 50
_PROJECTS = 100
_STATES = ("Running", "Succeeded", "Failed")


async def show(request: PageRequest) -> web.Response:
    """Of the project that the address names, else of the first that the reader may list."""
    listed = await request.caller.get("ListProjects", {"MaxResults": _PROJECTS})
    projects = [each["ProjectName"] for each in listed["Projects"]]
    project = request.query.get("project", "") or (projects[0] if projects else "")
    state, token = request.query.get("state", ""), request.query.get("token", "")
    values = {
        "ProjectName": project,
        "MaxResults": _PAGE,
        "Status": state or None,
        "NextToken": token or None,
    }
    reply = await request.caller.call("ListTasks", values) if project else None
    data = reply.data if reply else {}
    following = data.get("NextToken", "")
    kept = {"project": project, "state": state}
    return request.render(
        "console/tasks.html",
        projects=projects,
        project=project,
        states=_STATES,
        state=state,
        tasks=data.get("Tasks") or [],
        problem=reply.refusal if reply else "",
        following="?" + urlencode(kept | {"token": following}) if following else "",
        rights=await rights_of(request, ["CancelTask"], {"ProjectName": project}),
    )


async def cancel(request: PageRequest) -> web.Response:
    """Have one end at its next safe point, and show the list that it was chosen from."""
    form, project = await request.form(), request.named["project"]
    names = {"ProjectName": project, "TaskId": request.named["task"], "TaskType": form.get("type", "")}
    await request.caller.get("CancelTask", names)
    return request.go_to(
        "/console/tasks/?" + urlencode({"project": project, "state": form.get("state", "")})
    )


ROUTES = (
    Route(path="/console/tasks/", page=show),
    Route(path="/console/tasks/{project}/{task}/cancel", page=cancel, method="POST"),
)
