"""The command ``bindery``."""

from __future__ import annotations

import click

import bindery
from bindery.cli.bind import bind
from bindery.cli.call import call
from bindery.cli.demo import demo
from bindery.cli.doctor import doctor
from bindery.cli.get import get
from bindery.cli.index import index
from bindery.cli.query import query
from bindery.cli.serve import serve
from bindery.cli.status import status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(bindery.__version__, prog_name="bindery")
def main() -> None:
    """A self-hosted Intelligent Media Management server: bind a bucket, query its metadata.

    \b
    bindery serve --bucket photos=/srv/photos     start a server
    bindery bind photos --wait                    index the bucket and follow it
    bindery query 'MediaType = image and ImageWidth > 4000'
    """


for command in (serve, bind, status, query, get, call, index, doctor, demo):
    main.add_command(command)

if __name__ == "__main__":
    main()
