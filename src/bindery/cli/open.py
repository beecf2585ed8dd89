"""``bindery open``: the console in the browser, signed in."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from bindery.access.permits import make_permit
from bindery.access.signing_in import link_query
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import say


@click.command()
@click.option("--print", "only_print", is_flag=True, help="Print the link, and open no browser.")
@server_options
def open(  # noqa: A001  commands have the names of their functions
    only_print: bool, endpoint: str, data: Path
) -> None:
    """Open the console in the browser, signed in with the root key.

    The link is good once, within five minutes, and only for whoever can read the data folder of the server.

    \b
    bindery open
    bindery open --data /var/lib/bindery --print
    """
    client = connect(endpoint, data)
    query = link_query(lambda *parameters: make_permit(data, *parameters), client.key_id)
    if query is None:
        raise click.ClickException(
            f"no running server has {data} as its data folder, or this user may not read it; name it with --data, "
            f"or sign in with an access key at {client.endpoint}/sign-in"
        )
    link = f"{client.endpoint}/sign-in/link?{query}"
    if only_print or not webbrowser.open(link):
        say(link)
