"""Language and colours, kept in the browser."""

from __future__ import annotations

from aiohttp import web

from bindery.web.page_request import LANGUAGE, THEME, THEMES, PageRequest
from bindery.web.routes import Route
from bindery.web.safe_paths import page_path
from bindery.web.texts import LANGUAGES


async def set_preferences(request: PageRequest) -> web.Response:
    """Keep what was chosen, and go back to where it was."""
    form = await request.form()
    response = request.go_to(page_path(form.get("to", ""), "/"))
    if form.get("language") in LANGUAGES:
        request.keep(response, LANGUAGE, form["language"])
    if form.get("theme") in (*THEMES, "system"):
        request.keep(response, THEME, form["theme"])
    return response


ROUTES = (Route(path="/preferences", page=set_preferences, method="POST", public=True),)
